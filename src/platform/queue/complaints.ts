import type { Logger } from '../log.ts';

/** The same trouble is written once a minute, however often it comes. */
const QUIET_MS = 60_000;

/** A log for connections that may be away for hours: few lines, no stacks, and word of the end. */
export interface Complaints {
  failed(error: unknown): void;
  worked(): void;
}

/** Complaints about the queue of this engine. */
export function createComplaints(log: Logger, engine: string): Complaints {
  const lastAtMs = new Map<string, number>();
  let failing = false;
  return {
    failed: (error) => {
      failing = true;
      const message = firstLine(error);
      const kind = message.replaceAll(/\d+/g, '#');
      const now = Date.now();
      if (now - (lastAtMs.get(kind) ?? 0) < QUIET_MS) return;
      // Messages that differ each time must not fill the memory.
      if (lastAtMs.size > 100) lastAtMs.clear();
      lastAtMs.set(kind, now);
      log.warn({ engine, trouble: message }, 'the job queue has trouble; it is tried again');
    },
    worked: () => {
      if (!failing) return;
      failing = false;
      lastAtMs.clear();
      log.info({ engine }, 'the job queue works again');
    },
  };
}

function firstLine(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return firstLine(error.errors[0]);
  const text = error instanceof Error ? error.message || error.name : String(error);
  return (text.split('\n')[0] ?? '').slice(0, 200);
}

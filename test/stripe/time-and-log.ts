import { appendFileSync } from 'node:fs';

/** The emulator's own time: runs with the machine's or stands still, and moves when told. */
export interface EmulatorClock {
  /** Whole seconds, as everywhere in Stripe's API. */
  seconds(): number;
  milliseconds(): number;
  advance(milliseconds: number): void;
  /** Only forward; an earlier moment is ignored. */
  moveTo(milliseconds: number): void;
}

/** @param frozenAt stands still from here on; without it the clock runs */
export function createEmulatorClock(frozenAt?: Date): EmulatorClock {
  let offset = frozenAt ? frozenAt.getTime() : 0;
  const base = () => (frozenAt ? 0 : Date.now());
  const milliseconds = () => base() + offset;
  return {
    milliseconds,
    seconds: () => Math.floor(milliseconds() / 1000),
    advance: (by) => {
      offset += Math.max(0, by);
    },
    moveTo: (to) => {
      offset += Math.max(0, to - milliseconds());
    },
  };
}

/**
 * What really happened, as an outsider would have seen it. `arrived` and `request` lines tell what
 * was asked and answered; all others that money moved (or was refused), once for each time.
 */
export interface LogEntry {
  at: string;
  what: /** A request that changes something has come in; nothing has been done yet. */
    | 'arrived'
    | 'request'
    | 'charge'
    | 'charge-refused'
    | 'refund'
    | 'refund-failed'
    | 'transfer'
    | 'transfer-reversed'
    | 'dispute'
    | 'dispute-returned';
  /** Id of the object; of a request its id. */
  id: string;
  amount?: number;
  currency?: string;
  customer?: string | null;
  metadata?: { [name: string]: string };
  method?: string;
  path?: string;
  key?: string | null;
  status?: number;
  replayed?: boolean;
  fault?: string;
}

export interface OutsideLog {
  entries: LogEntry[];
  write(entry: Omit<LogEntry, 'at'>): void;
}

/** @param file gets each line before the answer leaves, so that it survives the emulator */
export function createOutsideLog(clock: EmulatorClock, file?: string): OutsideLog {
  const entries: LogEntry[] = [];
  return {
    entries,
    write(entry) {
      const line = { at: new Date(clock.milliseconds()).toISOString(), ...entry };
      entries.push(line);
      if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
    },
  };
}

import { EXIT, type ExitCode } from './exit-codes.ts';

/** How long open transactions and the embedded server get to end after Ctrl-C. */
const GRACE_MS = 5_000;
/** One Ctrl-C can arrive twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 300;

export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Starts to listen; once per process. */
  listen(): void;
  /** Says that the command ends by itself when the signal aborts, in its own time. */
  handleYourself(): void;
  /** Cleans up and ends the process with this code, as if it had been interrupted. */
  end(code: ExitCode): Promise<void>;
  /** Runs when the process is interrupted, before it ends. @returns a function that takes it back */
  onInterrupt(cleanUp: () => Promise<unknown>): () => void;
}

/**
 * What Ctrl-C does. The first one cleans up (an open transaction rolls back when its connection
 * closes, so nothing is half done) and ends with 130; the second ends at once.
 */
export function createInterruption(): Interruption {
  const controller = new AbortController();
  const cleanUps = new Set<() => Promise<unknown>>();
  let selfHandled = false;
  let firstAtMs = 0;

  const interrupt = () => {
    if (controller.signal.aborted) {
      if (Date.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(EXIT.interrupted);
      return;
    }
    firstAtMs = Date.now();
    controller.abort();
    if (!selfHandled) void end(EXIT.interrupted);
  };

  const end = async (code: ExitCode) => {
    const patience = new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref());
    const work = Promise.allSettled([...cleanUps].map((cleanUp) => cleanUp()));
    await Promise.race([work, patience]);
    process.exit(code);
  };

  return {
    end,
    signal: controller.signal,
    listen: () => {
      process.on('SIGINT', interrupt);
      process.on('SIGTERM', interrupt);
    },
    handleYourself: () => {
      selfHandled = true;
    },
    onInterrupt: (cleanUp) => {
      cleanUps.add(cleanUp);
      return () => cleanUps.delete(cleanUp);
    },
  };
}

/** The one of this process: signals belong to processes. */
export const interruption = createInterruption();

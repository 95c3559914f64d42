/** Work that is done a few at a time, because it is dear and others wait behind it. */
export interface Turns {
  /**
   * Does the work when it is its turn.
   * @returns undefined if its turn did not come in time; then nothing was done
   */
  take<T>(work: () => Promise<T>, waitMs: number): Promise<T | undefined>;
}

/** @param atOnce how many may be at work at the same time */
export function createTurns(atOnce: number): Turns {
  let busy = 0;
  const waiting = new Set<() => void>();
  const next = () => {
    const [first] = waiting;
    if (first) first();
    else busy -= 1;
  };
  return {
    async take(work, waitMs) {
      if (busy < atOnce) busy += 1;
      else if (!(await turn(waiting, waitMs))) return undefined;
      try {
        return await work();
      } finally {
        next();
      }
    },
  };
}

/** Waits for a turn; whoever has it hands it over. */
function turn(waiting: Set<() => void>, waitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const mine = () => {
      clearTimeout(timer);
      waiting.delete(mine);
      resolve(true);
    };
    const timer = setTimeout(() => {
      waiting.delete(mine);
      resolve(false);
    }, waitMs);
    waiting.add(mine);
  });
}

/** Wakes of one key are gathered for so long: at most one job per key and window. */
export const WAKE_WINDOW_MS = 50;

/** Says "there is something to read", as often as one likes. */
export interface Waker {
  /** Returns at once and never throws. The first wake goes out now, later ones at the window's end. */
  wake(key: string): void;
  /** No more wakes; resolves when those on their way have arrived or failed. */
  close(): Promise<void>;
}

/**
 * Gathers wakes. One that fails is dropped: it costs delay only, because a schedule wakes everybody
 * anyway. At most one is on its way per key, so a queue that hangs cannot pile anything up.
 * @param send adds the job, in bounded time
 */
export function createWaker(
  send: (key: string) => Promise<unknown>,
  windowMs: number = WAKE_WINDOW_MS,
): Waker {
  /** Keys in their window; true where a further wake came meanwhile. */
  const open = new Map<string, boolean>();
  const onTheirWay = new Set<Promise<void>>();
  let closed = false;

  const go = async (key: string): Promise<void> => {
    do {
      open.set(key, false);
      const window = new Promise<void>((resolve) => setTimeout(resolve, closed ? 0 : windowMs));
      await Promise.all([send(key).catch(() => undefined), window]);
    } while (open.get(key) === true);
    open.delete(key);
  };

  return {
    wake: (key) => {
      if (closed) return;
      if (open.has(key)) {
        open.set(key, true);
        return;
      }
      const going = go(key);
      onTheirWay.add(going);
      void going.finally(() => onTheirWay.delete(going));
    },
    close: async () => {
      closed = true;
      await Promise.all(onTheirWay);
    },
  };
}

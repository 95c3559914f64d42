import { isDatabaseUnavailable } from '../../../platform/postgres/database-errors.ts';

/** Work that is claimed bit by bit, so that several processes can share it. */
export interface WorkThrough<Item> {
  /** Items in work at once. */
  atOnce: number;
  /** Items at most. */
  limit?: number;
  signal?: AbortSignal;
  /** Takes up to so many items that nobody else works on; an empty list when there is nothing. */
  claim(count: number): Promise<Item[]>;
  work(item: Item): Promise<void>;
  /** Told of an item that failed: it keeps no other from being worked on. */
  failed(item: Item, error: unknown): void;
}

/**
 * Works until nothing is left, the limit is reached or the signal is given; what has begun is
 * finished.
 * @throws `database_unavailable`: nothing can be claimed or written down
 */
export async function workThrough<Item>(todo: WorkThrough<Item>): Promise<void> {
  let left = todo.limit ?? Number.POSITIVE_INFINITY;
  let down: unknown;
  const runner = async () => {
    while (down === undefined && left > 0 && !todo.signal?.aborted) {
      // One at a time: the lease of what is claimed begins now, not when its turn comes.
      left -= 1;
      const [item] = await todo.claim(1);
      if (item === undefined) return;
      try {
        await todo.work(item);
      } catch (error) {
        if (isDatabaseUnavailable(error)) down = error;
        todo.failed(item, error);
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: todo.atOnce }, runner));
  const broken = ends.find((end) => end.status === 'rejected');
  if (down !== undefined) throw down;
  if (broken) throw broken.reason;
}

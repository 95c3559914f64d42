import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';
import type { Clock } from './clock.ts';

/** Where new ids come from. UUIDv7: sorted by time, so that B-tree inserts stay at the right edge. */
export interface Ids {
  next(): string;
}

/** 31 bits to begin a millisecond with leave as much room for counting on. */
const SEQUENCE_START = 2 ** 31;
const SEQUENCE_END = 2 ** 32;

/**
 * Ids from this clock and random bytes; pass `random` to make a run repeatable. Within a
 * millisecond, and while the clock is set back, a counter keeps them sorted as they were made.
 */
export function createIds(clock: Clock, random?: () => number): Ids {
  let msecs = Number.NEGATIVE_INFINITY;
  let seq = 0;
  return {
    next() {
      const now = clock.now().getTime();
      if (now > msecs) {
        msecs = now;
        seq = random ? Math.floor(random() * SEQUENCE_START) : randomInt(SEQUENCE_START);
      } else {
        seq += 1;
        if (seq === SEQUENCE_END) {
          msecs += 1;
          seq = 0;
        }
      }
      const bytes = random && Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
      return v7({ msecs, seq, random: bytes });
    },
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether the text is written as a UUID (any version): what a database will take as one. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

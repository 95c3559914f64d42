import { v7 } from 'uuid';
import type { Clock } from './clock.ts';

/** Where new ids come from. UUIDv7: sorted by time, so that B-tree inserts stay at the right edge. */
export interface Ids {
  next(): string;
}

/** Ids from this clock and random bytes; pass `random` to make a run repeatable. */
export function createIds(clock: Clock, random?: () => number): Ids {
  if (!random) return { next: () => v7({ msecs: clock.now().getTime() }) };
  const bytes = () => Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
  return { next: () => v7({ msecs: clock.now().getTime(), random: bytes() }) };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether the text is written as a UUID (any version): what a database will take as one. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

import { createHash } from 'node:crypto';

/** Chance that can be had again: the same seed gives the same series. */
export interface Random {
  /** At least `from`, less than `to`. */
  int(from: number, to: number): number;
  /** True in so many of a hundred cases. */
  percent(chance: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** Whole milliseconds between the two moments. */
  moment(from: Date, to: Date): Date;
}

/**
 * A series of its own for each seed, so that what happens to one order does not depend on how
 * requests of others interleave. Mulberry32; the seed's hash is the state it starts from.
 */
export function createRandom(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (from: number, to: number) => from + Math.floor(next() * Math.max(1, to - from));
  return {
    int,
    percent: (chance) => next() * 100 < chance,
    pick: (list) => list[int(0, list.length)] ?? list[0],
    moment: (from, to) => new Date(int(from.getTime(), to.getTime())),
  };
}

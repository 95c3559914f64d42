/** Runs two sides in turn (A B A B), so that what disturbs the machine meets both. */
export async function alternate<A, B>(
  rounds: number,
  first: () => Promise<A>,
  second: () => Promise<B>,
): Promise<{ first: A[]; second: B[] }> {
  const results: { first: A[]; second: B[] } = { first: [], second: [] };
  for (let round = 0; round < rounds; round++) {
    results.first.push(await first());
    results.second.push(await second());
  }
  return results;
}

export interface Spread {
  median: number;
  range: readonly [number, number];
}

/** @throws RangeError without values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const lowest = sorted[0];
  const highest = sorted.at(-1);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (lowest === undefined || highest === undefined || upper === undefined || lower === undefined) {
    throw new RangeError('There is no median of nothing.');
  }
  return { median: (lower + upper) / 2, range: [lowest, highest] };
}

/** The ratios of neighbouring rounds: each pair met the same disturbance. */
export function ratiosOf(first: readonly number[], second: readonly number[]): Spread {
  return spreadOf(first.map((value, round) => value / (second[round] ?? Number.NaN)));
}

/** The value below which 99 % lie, as the load tools count it. */
export function percentile99(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.99) - 1)] ?? Number.NaN;
}

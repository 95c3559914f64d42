/** How an exact fraction of minor units becomes a whole number of them. */
export type Rounding = 'half-even' | 'half-up';

/** `numerator / denominator`, both not negative, rounded by the named rule. */
export function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const whole = numerator / denominator;
  const twiceRest = (numerator % denominator) * 2n;
  if (twiceRest < denominator) return whole;
  if (twiceRest > denominator || rounding === 'half-up') return whole + 1n;
  return whole % 2n === 0n ? whole : whole + 1n;
}

const SURPLUS_KEY = 'refund:surplus:';

/**
 * Refunds of money that nobody owed are known by their key. They are booked against what the
 * customer has with us, not as given up.
 */
export function isSurplusKey(key: string | null): boolean {
  return key?.startsWith(SURPLUS_KEY) ?? false;
}

/** @param ref of a refund that somebody made at the provider, instead of ours */
export function surplusKey(chargeId: string, ref?: string): string {
  return `${SURPLUS_KEY}${chargeId}${ref === undefined ? '' : `:${ref}`}`;
}

import { createHash } from 'node:crypto';
import { minorDigits } from '../../../platform/money.ts';
import type { NewPosting } from '../ledger/post-transactions.ts';

/** The rules that decide what an ended order comes to; kept under their version. */
export interface BookingRules {
  /** who has paid more than `overUnits` (major units) gets `percent` off. */
  discounts: readonly { overUnits: number; percent: number }[];
  /** */
  workerSharePercent: number;
  failurePenaltyUnits: number;
  currency: string;
  timeZone: string;
}

export type OrderOutcome = 'completed' | 'cancelled' | 'failed';

/** What an ended order comes to, in minor units. */
export interface OrderAmounts {
  priceMinor: bigint;
  discountPercent: number;
  discountMinor: bigint;
  /** What the customer owes: price minus discount. */
  netMinor: bigint;
  /** What the worker earns. */
  payMinor: bigint;
  /** What is kept from the worker. */
  penaltyMinor: bigint;
}

/** Those of the rules that decide about orders, in the order in which they are hashed. */
export function bookingRules(
  rules: Pick<BookingRules, 'discounts' | 'workerSharePercent' | 'failurePenaltyUnits'>,
  currency: string,
  timeZone: string,
): BookingRules {
  return {
    discounts: rules.discounts.map(({ overUnits, percent }) => ({ overUnits, percent })),
    workerSharePercent: rules.workerSharePercent,
    failurePenaltyUnits: rules.failurePenaltyUnits,
    currency,
    timeZone,
  };
}

/**
 * Names rules by their content: 12 hex digits of the SHA-256 of their JSON. The same rules have the
 * same version, wherever they come from.
 */
export function rulesVersion(rules: BookingRules): string {
  // Rules that come back from the database have their fields in another order.
  const canonical = JSON.stringify(bookingRules(rules, rules.currency, rules.timeZone));
  return createHash('sha256').update(canonical).digest('hex').slice(0, 12);
}

/**
 * percent off for a customer whose ended orders before this one came to so much. A tier
 * begins one minor unit above its amount.
 */
export function discountPercent(
  rules: Pick<BookingRules, 'discounts' | 'currency'>,
  paidBeforeMinor: bigint,
): number {
  const unit = 10n ** BigInt(minorDigits(rules.currency));
  let percent = 0;
  for (const tier of rules.discounts) {
    if (paidBeforeMinor > BigInt(tier.overUnits) * unit) percent = tier.percent;
  }
  return percent;
}

/** So many percent of an amount, to the minor unit, half away from zero. */
export function percentOf(amountMinor: bigint, percent: number): bigint {
  const hundredths = amountMinor * BigInt(percent);
  const half = hundredths < 0n ? -50n : 50n;
  return (hundredths + half) / 100n;
}

/**
 * what an ended order comes to. The customer pays whatever the outcome.
 * @param paidBeforeMinor what the customer's ended orders before this one came to
 * @throws RangeError for a negative price
 */
export function bookOrder(
  rules: BookingRules,
  order: { priceMinor: bigint; outcome: OrderOutcome },
  paidBeforeMinor: bigint,
): OrderAmounts {
  const { priceMinor, outcome } = order;
  if (priceMinor < 0n) {
    throw new RangeError(`An order has a price of ${priceMinor}; expected 0 or more.`);
  }
  const percent = discountPercent(rules, paidBeforeMinor);
  const discountMinor = percentOf(priceMinor, percent);
  const unit = 10n ** BigInt(minorDigits(rules.currency));
  return {
    priceMinor,
    discountPercent: percent,
    discountMinor,
    netMinor: priceMinor - discountMinor,
    payMinor: outcome === 'completed' ? percentOf(priceMinor, rules.workerSharePercent) : 0n,
    penaltyMinor: outcome === 'failed' ? BigInt(rules.failurePenaltyUnits) * unit : 0n,
  };
}

/** The order as double entry; postings of 0 are left out by whoever books them. */
export function orderPostings(
  customerId: string,
  workerId: string,
  amounts: OrderAmounts,
): NewPosting[] {
  const { priceMinor, discountMinor, netMinor, payMinor, penaltyMinor } = amounts;
  return [
    { code: 'customer-receivable', owner: customerId, amountMinor: netMinor },
    { code: 'discounts', amountMinor: discountMinor },
    { code: 'revenue', amountMinor: -priceMinor },
    { code: 'work-cost', amountMinor: payMinor },
    { code: 'worker-payable', owner: workerId, amountMinor: -payMinor },
    { code: 'worker-payable', owner: workerId, amountMinor: penaltyMinor },
    { code: 'penalties', amountMinor: -penaltyMinor },
  ];
}

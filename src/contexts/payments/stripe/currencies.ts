import { minorDigits } from '../../../platform/money.ts';

/**
 * Stripe counts some currencies otherwise than we do. Source: https://docs.stripe.com/currencies,
 * "Minor units in API amounts", "Zero-decimal", "Three-decimal" and "Special cases".
 */

/** Whole units in the API; the ariary has two digits with us. */
const ZERO_DECIMAL = new Set(
  'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '),
);
/** Have no decimals any more, but the API wants them with two, which must be 00. */
const HUNDREDS = new Set(['ISK', 'UGX']);
/** Three digits of which the last must be 0. HUF and TWD have two; only their payouts are whole. */
const THREE_DECIMAL = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '));

/**
 * Least charges in our minor units, https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.
 * They hold where the settlement currency is the same one; of other currencies Stripe converts, and
 * says `amount_too_small` where it is not content.
 */
const LEAST = new Map<string, bigint>([
  ['USD', 50n],
  ['AED', 200n],
  ['AUD', 50n],
  ['BGN', 100n],
  ['BRL', 50n],
  ['CAD', 50n],
  ['CHF', 50n],
  ['CZK', 1500n],
  ['DKK', 250n],
  ['EUR', 50n],
  ['GBP', 30n],
  ['HKD', 400n],
  ['HUF', 17_500n],
  ['INR', 50n],
  ['JPY', 50n],
  ['MXN', 1000n],
  ['MYR', 200n],
  ['NOK', 300n],
  ['NZD', 50n],
  ['PLN', 200n],
  ['RON', 200n],
  ['SEK', 300n],
  ['SGD', 50n],
  ['THB', 1000n],
]);

/** Digits after the point that the API counts for a currency. */
function stripeDigits(currency: string): number {
  if (ZERO_DECIMAL.has(currency)) return 0;
  if (THREE_DECIMAL.has(currency)) return 3;
  if (HUNDREDS.has(currency)) return 2;
  const digits = minorDigits(currency);
  if (digits !== 2) throw new RangeError(`Stripe does not charge in ${currency}.`);
  return 2;
}

/** Amounts that the API takes are multiples of this, in our minor units. */
export function chargeStep(currency: string): bigint {
  if (THREE_DECIMAL.has(currency)) return 10n;
  const coarser = minorDigits(currency) - stripeDigits(currency);
  return coarser > 0 ? 10n ** BigInt(coarser) : 1n;
}

/** The least amount that the API charges, in our minor units. */
export function leastCharge(currency: string): bigint {
  return LEAST.get(currency) ?? chargeStep(currency);
}

/**
 * Our minor units as the API's integer.
 * @throws RangeError what is no multiple of {@link chargeStep}, or too large for the API
 */
export function toStripeAmount(amountMinor: bigint, currency: string): number {
  const step = chargeStep(currency);
  if (amountMinor % step !== 0n) {
    throw new RangeError(`${amountMinor} ${currency} is no multiple of ${step}, as Stripe wants.`);
  }
  const finer = stripeDigits(currency) - minorDigits(currency);
  const amount =
    finer >= 0 ? amountMinor * 10n ** BigInt(finer) : amountMinor / 10n ** BigInt(-finer);
  if (amount > MOST || amount < -MOST) {
    throw new RangeError(
      `${amountMinor} ${currency} has more than the 12 digits that Stripe takes.`,
    );
  }
  return Number(amount);
}

/** The longest that the API takes of any currency (IDR); of most it takes 8 digits, and says so. */
const MOST = 999_999_999_999n;

/**
 * The API's integer as our minor units.
 * @param currency as the API writes it, in small letters
 * @throws RangeError a fraction of our minor unit
 */
export function fromStripeAmount(amount: number, currency: string): bigint {
  const code = currency.toUpperCase();
  const coarser = stripeDigits(code) - minorDigits(code);
  if (coarser <= 0) return BigInt(amount) * 10n ** BigInt(-coarser);
  const unit = 10n ** BigInt(coarser);
  if (BigInt(amount) % unit !== 0n) {
    throw new RangeError(
      `Stripe tells of ${amount} ${currency}, less than the least unit of ${code}.`,
    );
  }
  return BigInt(amount) / unit;
}

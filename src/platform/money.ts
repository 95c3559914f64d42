import { StewardError } from './errors.ts';

/** An amount in minor units (cents) of one currency. Never a float, never without its currency. */
export interface Money {
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** As it stands in HTTP answers, events and `--json`: minor units as an integer. */
export interface MoneyJson {
  amount: number;
  currency: string;
}

/**
 * ISO 4217 currencies that have not two digits after the point. A list of our own: `Intl` tells
 * what is customary in print (none for HUF and ALL, where ISO and payment providers have two), and
 * what it tells changes with the runtime, while stored amounts must keep their meaning.
 */
const DIGITS = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...['CLF', 'UYW'].map((code) => [code, 4] as const),
]);

/** Number of digits after the point for an ISO 4217 code. */
export function minorDigits(currency: string): number {
  return DIGITS.get(currency) ?? 2;
}

/** An amount of money. */
export function money(amountMinor: bigint, currency: string): Money {
  return { amountMinor, currency };
}

/**
 * JSON form.
 * @throws RangeError beyond 2^53 minor units, where a JSON number would no longer be exact
 */
export function toJson(value: Money): MoneyJson {
  const amount = Number(value.amountMinor);
  if (!Number.isSafeInteger(amount)) {
    throw new RangeError(`${value.amountMinor} minor units do not fit a JSON number exactly.`);
  }
  return { amount, currency: value.currency };
}

/** From its JSON form. */
export function fromJson(json: MoneyJson): Money {
  return { amountMinor: BigInt(json.amount), currency: json.currency };
}

/** `1234.50 USD`: for people, with the currency's own number of digits, independent of locale. */
export function formatMoney(value: Money): string {
  return `${formatAmount(value.amountMinor, value.currency)} ${value.currency}`;
}

/** `1234.50`: the amount alone, in major units. */
export function formatAmount(amountMinor: bigint, currency: string): string {
  return formatMinor(amountMinor, minorDigits(currency));
}

/** The same where the currency's number of digits is known: for thousands of amounts at once. */
export function formatMinor(amountMinor: bigint, digits: number): string {
  const sign = amountMinor < 0n ? '-' : '';
  const text = (amountMinor < 0n ? -amountMinor : amountMinor).toString().padStart(digits + 1, '0');
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/**
 * Reads an amount in major units as a person writes it (`89`, `75.5`, `1234,50`). `1,000` is not
 * read as one: zeros beyond the currency's digits are refused like any others.
 * @throws StewardError `invalid_amount` when it is no number or has more digits than the currency
 */
export function parseAmount(text: string, currency: string): bigint {
  const digits = minorDigits(currency);
  const match = /^(-?)(\d{1,15})(?:[.,](\d+))?$/.exec(text.trim());
  const fraction = match?.[3] ?? '';
  if (!match || fraction.length > digits) {
    throw new StewardError(
      'invalid',
      'invalid_amount',
      `"${text}" is not an amount in ${currency}: expected digits with at most ${digits} after the point, such as ${formatAmount(123450n, currency)}.`,
    );
  }
  const minor = BigInt((match[2] ?? '') + fraction.padEnd(digits, '0'));
  return match[1] ? -minor : minor;
}

import { formatMoment } from '../../../../platform/business-time.ts';
import { formatAmount, minorDigits } from '../../../../platform/money.ts';
import type { PaymentsDependencies } from '../../dependencies.ts';
import type { ExplanationLine } from '../../payments.ts';

/** `10,120.00`: for sentences with several amounts; the currency stands once beside them. */
export function amountText(amountMinor: bigint, currency: string): string {
  return formatAmount(amountMinor, currency).replace(/\d(?=(\d{3})+(?!\d))(?<!\.\d*)/g, '$&,');
}

/**
 * `89.00 × 5 % = 4.45`, with what was rounded away: `89.05 × 5 % = 4.4525, rounded to 4.45`.
 */
export function percentText(
  amountMinor: bigint,
  percent: number,
  resultMinor: bigint,
  currency: string,
): string {
  const text = (minor: bigint) => amountText(minor, currency);
  const product = `${text(amountMinor)} × ${percent} % = `;
  const hundredths = amountMinor * BigInt(percent);
  if (hundredths === resultMinor * 100n) return product + text(resultMinor);
  const whole = hundredths.toString().padStart(minorDigits(currency) + 3, '0');
  const point = whole.length - minorDigits(currency) - 2;
  const exact = `${whole.slice(0, point)}.${whole.slice(point)}`.replace(/0+$/, '');
  return `${product}${exact}, rounded to ${text(resultMinor)}`;
}

export function line(
  depth: number,
  text: string,
  amountMinor: bigint | null = null,
): ExplanationLine {
  return { depth, text, amountMinor };
}

/** The same one level further in. */
export function below(lines: readonly ExplanationLine[]): ExplanationLine[] {
  return lines.map((one) => ({ ...one, depth: one.depth + 1 }));
}

/** A moment in the business time zone. */
export function when(deps: Pick<PaymentsDependencies, 'timeZone'>, at: Date | null): string {
  return at === null ? 'never' : formatMoment(at, deps.timeZone);
}

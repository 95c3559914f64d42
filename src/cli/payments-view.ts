import { formatAmount, formatMoney } from '../platform/money.ts';
import type { Column } from './table.ts';

/** Names of people by id; those of erased and unknown ones are missing. */
export type Names = ReadonlyMap<string, string>;
/** Writes a moment in the business time zone. */
export type Time = (moment: Date) => string;

/** What stands where a date has no meaning yet: a charge that waits for a payment method. */
const NEVER_FROM_YEAR = 9000;

/** A column of amounts in one currency, which stands in the header. */
export function amountColumn<Row>(
  header: string,
  currency: string,
  value: (row: Row) => bigint | null,
): Column<Row> {
  return {
    header: `${header} ${currency}`,
    align: 'right',
    value: (row) => {
      const amountMinor = value(row);
      return amountMinor === null ? null : formatAmount(amountMinor, currency);
    },
  };
}

/** A person by name, and the id to type. */
export function personText(names: Names, id: string): string {
  const name = names.get(id);
  return name === undefined ? id : `${name} (${id})`;
}

/** A moment that may be missing. */
export function timeOrNone(time: Time, moment: Date | null): string | null {
  return moment === null ? null : time(moment);
}

/** When a charge is due; one without a payment method to charge waits for that. */
export function dueText(time: Time, dueAt: Date): string {
  return isNever(dueAt) ? 'when there is a payment method' : time(dueAt);
}

export function isNever(moment: Date): boolean {
  return moment.getUTCFullYear() >= NEVER_FROM_YEAR;
}

/** `120.00 USD`, and nothing for nothing. */
export function moneyUnlessZero(amountMinor: bigint, currency: string): string | null {
  return amountMinor === 0n ? null : formatMoney({ amountMinor, currency });
}

/** `failed (soft: card_declined)` */
export function withCode(status: string, code: string | null, kind: string | null = null): string {
  const why = [kind, code].filter((part) => part !== null).join(': ');
  return why === '' ? status : `${status} (${why})`;
}

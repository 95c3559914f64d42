import { type RawBuilder, sql } from 'kysely';

/** The provider's idempotency key of an attempt to charge an invoice: it can be made anew. */
export function chargeKey(invoiceId: string, generation: number): string {
  return `inv_${invoiceId}_g${generation}`;
}

/** The key of the first attempt in SQL: an invoice run makes them by the hundred thousand. */
export function firstChargeKey(invoiceId: RawBuilder<unknown>): RawBuilder<string> {
  const [before = '', after = ''] = chargeKey('*', 1).split('*');
  return sql<string>`(${before}::text || ${invoiceId} || ${after}::text)`;
}

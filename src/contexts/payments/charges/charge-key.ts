/**
 * The provider's idempotency key of an attempt to charge an invoice. Invoice runs make the same
 * text in SQL for the first attempts.
 */
export function chargeKey(invoiceId: string, generation: number): string {
  return `inv_${invoiceId}_g${generation}`;
}

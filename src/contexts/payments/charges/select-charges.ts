import type { Executor } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';

/** Charges (`c`) with their invoices (`i`), as they are shown: a `Charge` for each row. */
export const selectCharges = (db: Executor<AllTables>) =>
  db
    .selectFrom('payments.charges as c')
    .innerJoin('payments.invoices as i', 'i.id', 'c.invoice_id')
    .select([
      'c.id',
      'c.invoice_id as invoiceId',
      'i.number as invoiceNumber',
      'i.customer_id as customerId',
      'c.generation',
      'c.provider',
      'c.amount_minor as amountMinor',
      'c.currency',
      'c.status',
      'c.failure_kind as failureKind',
      'c.failure_code as failureCode',
      'c.provider_ref as providerRef',
      'c.due_at as dueAt',
      'c.sent_at as sentAt',
      'c.settled_at as settledAt',
      'c.created_at as createdAt',
    ]);

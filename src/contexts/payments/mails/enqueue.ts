import { sql } from 'kysely';
import type { Clock } from '../../../platform/clock.ts';
import type { Ids } from '../../../platform/ids.ts';
import { enqueueMails, type MailTables } from '../../../platform/mail/index.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { sortedId } from '../runs/sorted-id.ts';

/** Each is told once per event key: `<template>:<id>`, with the attempt where there are several. */
export type PaymentsTemplate =
  | 'invoice-issued'
  | 'invoice-paid'
  | 'charge-failed'
  | 'method-needed'
  | 'charge-action'
  | 'invoice-past-due'
  | 'refund-made'
  | 'refund-failed'
  | 'payout-sent'
  | 'payout-failed'
  | 'account-needed'
  | 'run-stopped'
  | 'proof-red'
  | 'dispute-opened';

/** Where ids and the time of writing come from. */
export interface MailSource {
  ids: Ids;
  clock: Clock;
}

interface Enqueued {
  template: PaymentsTemplate;
  /** What makes it one of its kind. */
  key: string;
  to: { kind: 'customer' | 'worker'; id: string } | { kind: 'finance' };
  data: Record<string, string | number>;
}

async function enqueue<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  mail: Enqueued,
): Promise<void> {
  await enqueueMails(tx, [
    {
      id: source.ids.next(),
      eventKey: `${mail.template}:${mail.key}`,
      recipientKind: mail.to.kind,
      recipientId: mail.to.kind === 'finance' ? null : mail.to.id,
      template: mail.template,
      data: mail.data,
      createdAt: source.clock.now(),
    },
  ]);
}

/** To all customers of a run at once, in one statement: there may be a hundred thousand. */
export async function mailInvoicesIssued<Tables extends MailTables>(
  tx: Transaction<Tables>,
  runId: string,
  now: Date,
): Promise<void> {
  const id = sortedId(now, sql`row_number() over (order by id)`, sql`id::text || 'invoice-issued'`);
  await sql`
    insert into mail.messages
      (id, event_key, recipient_kind, recipient_id, template, data, next_attempt_at, created_at)
    select ${id}, 'invoice-issued:' || id, 'customer', customer_id, 'invoice-issued',
      jsonb_build_object('invoiceId', id), ${now}::timestamptz, ${now}::timestamptz
    from payments.invoices where run_id = ${runId}
    on conflict (event_key) do nothing`.execute(tx);
}

/** The charge for an invoice succeeded. */
export function mailInvoicePaid<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { invoiceId: string; customerId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'invoice-paid',
    key: about.invoiceId,
    to: { kind: 'customer', id: about.customerId },
    data: { invoiceId: about.invoiceId },
  });
}

/** An attempt failed and is made again by itself, on the day that the schedule says. */
export function mailChargeFailed<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { chargeId: string; invoiceId: string; customerId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'charge-failed',
    key: about.chargeId,
    to: { kind: 'customer', id: about.customerId },
    data: { chargeId: about.chargeId, invoiceId: about.invoiceId },
  });
}

/**
 * There is no payment method, or the one on file is of no use any more; with a link.
 * @param about.generation of the attempt that found it out
 */
export function mailMethodNeeded<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { invoiceId: string; customerId: string; generation: number },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'method-needed',
    key: `${about.invoiceId}:${about.generation}`,
    to: { kind: 'customer', id: about.customerId },
    data: { invoiceId: about.invoiceId },
  });
}

/** The customer's bank asks the customer to confirm; with a link. */
export function mailChargeAction<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { chargeId: string; invoiceId: string; customerId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'charge-action',
    key: about.chargeId,
    to: { kind: 'customer', id: about.customerId },
    data: { chargeId: about.chargeId, invoiceId: about.invoiceId },
  });
}

/** The schedule of attempts is over; with a link. */
export function mailInvoicePastDue<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { invoiceId: string; customerId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'invoice-past-due',
    key: about.invoiceId,
    to: { kind: 'customer', id: about.customerId },
    data: { invoiceId: about.invoiceId },
  });
}

/** The provider has taken the refund on. */
export function mailRefundMade<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { refundId: string; customerId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'refund-made',
    key: about.refundId,
    to: { kind: 'customer', id: about.customerId },
    data: { refundId: about.refundId },
  });
}

/** A worker was paid, through the provider or by the bank. */
export function mailPayoutSent<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { payoutId: string; generation: number; workerId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'payout-sent',
    key: `${about.payoutId}:${about.generation}`,
    to: { kind: 'worker', id: about.workerId },
    data: { payoutId: about.payoutId },
  });
}

/** There is money for a worker, and no account that it could go to. */
export function mailAccountNeeded<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { payoutId: string; generation: number; workerId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'account-needed',
    key: `${about.payoutId}:${about.generation}`,
    to: { kind: 'worker', id: about.workerId },
    data: { payoutId: about.payoutId },
  });
}

/** To finance: a payout failed, and its money is payable again. */
export function mailPayoutFailed<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { payoutId: string; generation: number },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'payout-failed',
    key: `${about.payoutId}:${about.generation}`,
    to: { kind: 'finance' },
    data: { payoutId: about.payoutId, generation: about.generation },
  });
}

/** To finance: a refund failed, perhaps days after the customer was told of it. */
export function mailRefundFailed<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { refundId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'refund-failed',
    key: about.refundId,
    to: { kind: 'finance' },
    data: { refundId: about.refundId },
  });
}

/** To finance: a run was stopped by a gate and waits for a manager. */
export function mailRunStopped<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { runId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'run-stopped',
    key: about.runId,
    to: { kind: 'finance' },
    data: { runId: about.runId },
  });
}

/** To finance: a proof or a comparison with the provider found something. */
export function mailProofRed<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { proofId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'proof-red',
    key: about.proofId,
    to: { kind: 'finance' },
    data: { proofId: about.proofId },
  });
}

/** To finance: a customer's bank disputes a charge, and evidence counts until a day. */
export function mailDisputeOpened<Tables extends MailTables>(
  tx: Transaction<Tables>,
  source: MailSource,
  about: { disputeId: string },
): Promise<void> {
  return enqueue(tx, source, {
    template: 'dispute-opened',
    key: about.disputeId,
    to: { kind: 'finance' },
    data: { disputeId: about.disputeId },
  });
}

import { businessDay } from '../../../platform/business-time.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { postTransactions } from '../ledger/post-transactions.ts';
import {
  mailChargeAction,
  mailChargeFailed,
  mailInvoicePaid,
  mailInvoicePastDue,
  mailMethodNeeded,
} from '../mails/enqueue.ts';
import type { ProviderCharge } from '../provider/provider.ts';
import { planSurplusRefund } from '../refunds/plan-surplus-refund.ts';
import { chargeKey } from './charge-key.ts';
import {
  type Decision,
  type DunningSchedule,
  decide,
  mayMove,
  NEVER,
  type Next,
  pastDueAt,
} from './charge-states.ts';
import { changeCharge, type LockedCharge, planGeneration, readGeneration } from './charge-store.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;
type Tx = Transaction<AllTables>;

const HOUR_MS = 3_600_000;

/** What became of a charge, for the report. */
export interface Recorded {
  outcome: 'nothing' | 'succeeded' | 'surplus' | 'failed' | 'cancelled' | 'waiting';
  needsMethod: boolean;
  pastDue: boolean;
}

const NOTHING: Recorded = { outcome: 'nothing', needsMethod: false, pastDue: false };

/** R-22 as the rules have it. */
export function dunningSchedule(deps: Pick<Deps, 'rules' | 'timeZone'>): DunningSchedule {
  return { retryAfterDays: deps.rules.invoices.retryAfterDays, timeZone: deps.timeZone };
}

/**
 * Why an answer cannot be about this charge; null where it can. Such an answer is believed in
 * nothing: the charge stays in doubt until somebody has looked.
 */
export function findMismatch(
  charge: { id: string; amountMinor: bigint; currency: string },
  told: ProviderCharge,
): string | null {
  if (told.chargeId !== charge.id) {
    return `The provider answered about charge "${told.chargeId}" instead.`;
  }
  if (told.amountMinor === charge.amountMinor && told.currency === charge.currency) return null;
  return `The provider tells of ${told.amountMinor} ${told.currency} instead of ${charge.amountMinor} ${charge.currency}.`;
}

/**
 * Writes down what the provider says of a charge, with all that follows from it: ledger, invoice,
 * next attempt, mails. The same news again, or older ones, change nothing.
 */
export async function recordTold(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  told: ProviderCharge,
): Promise<Recorded> {
  const now = deps.clock.now();
  const otherObject = charge.providerRef !== null && charge.providerRef !== told.ref;
  if (otherObject && told.state !== 'succeeded') return NOTHING;
  if (otherObject && charge.transactionId !== null) {
    return recordSurplus(deps, tx, await addAttempt(deps, tx, charge, now), told, now);
  }
  const decision = decide(
    { ...charge, booked: charge.transactionId !== null },
    told,
    now,
    dunningSchedule(deps),
  );
  switch (decision.kind) {
    case 'nothing':
      return NOTHING;
    case 'paid':
      return recordPaid(deps, tx, charge, told, now);
    case 'surplus':
      return recordSurplus(deps, tx, charge, told, now);
    case 'wait':
      return recordWaiting(deps, tx, charge, told, decision.status, now);
    case 'over':
      return recordOver(deps, tx, charge, told, decision, now);
  }
}

async function recordPaid(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  told: ProviderCharge,
  now: Date,
): Promise<Recorded> {
  assertMove(charge, 'succeeded');
  await change(tx, charge.id, now, `Taken by the provider as ${told.ref}.`, {
    status: 'succeeded',
    failure_kind: null,
    failure_code: null,
    provider_ref: told.ref,
    lease_until: null,
    settled_at: now,
    transaction_id: await book(deps, tx, charge, told, now),
  });
  await tx
    .updateTable('payments.invoices')
    .set({ status: 'paid', settled_at: now, needs_method: false })
    .where('id', '=', charge.invoiceId)
    .execute();
  // A later attempt that has not left must not leave any more. One that has is asked after.
  const planned = await tx
    .selectFrom('payments.charges')
    .select('id')
    .where('invoice_id', '=', charge.invoiceId)
    .where('status', '=', 'planned')
    .execute();
  for (const { id } of planned) {
    await change(tx, id, now, 'The invoice was paid by an earlier attempt.', {
      status: 'cancelled',
      lease_until: null,
      settled_at: now,
    });
  }
  await mailInvoicePaid(tx, deps, charge);
  return { ...NOTHING, outcome: 'succeeded' };
}

/**
 * Money that nobody owes: the invoice was paid by another attempt, or is void. It is booked, since
 * it is there, and goes back by itself. The attempt does not count as the one that paid.
 */
async function recordSurplus(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  told: ProviderCharge,
  now: Date,
): Promise<Recorded> {
  const why = charge.paidByAnother
    ? `The provider took the money again, as ${told.ref}; it goes back.`
    : `The provider took the money, as ${told.ref}, for an invoice that is ${charge.invoice}; it goes back.`;
  const transactionId = await book(deps, tx, charge, told, now);
  await change(tx, charge.id, now, why, {
    status: 'cancelled',
    failure_kind: null,
    failure_code: 'charged_twice',
    provider_ref: told.ref,
    lease_until: null,
    settled_at: now,
    transaction_id: transactionId,
  });
  await planSurplusRefund(deps, tx, charge, now);
  deps.log.error(
    { chargeId: charge.id, invoiceId: charge.invoiceId, providerRef: told.ref },
    'money was taken that nobody owes; its refund is planned',
  );
  return { ...NOTHING, outcome: 'surplus' };
}

/** A second object at the provider for one attempt gets a row of its own, to be refunded by. */
async function addAttempt(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  now: Date,
): Promise<LockedCharge> {
  const id = deps.ids.next();
  const generation = (await readGeneration(tx, charge.invoiceId)) + 1;
  await tx
    .insertInto('payments.charges')
    .values({
      id,
      invoice_id: charge.invoiceId,
      generation,
      provider: charge.provider,
      idempotency_key: chargeKey(charge.invoiceId, generation),
      amount_minor: charge.amountMinor,
      currency: charge.currency,
      status: 'cancelled',
      customer_ref: charge.customerRef,
      due_at: now,
      sent_at: charge.sentAt,
      created_at: now,
    })
    .execute();
  const paidByAnother = charge.paidByAnother || charge.status === 'succeeded';
  return { ...charge, id, generation, status: 'cancelled', paidByAnother };
}

async function recordWaiting(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  told: ProviderCharge,
  status: 'processing' | 'requires_action',
  now: Date,
): Promise<Recorded> {
  assertMove(charge, status);
  const action = status === 'requires_action';
  const detail = action
    ? 'The customer must confirm; nothing is taken until then.'
    : 'Accepted by the provider, not decided yet.';
  await change(tx, charge.id, now, detail, {
    status,
    provider_ref: told.ref,
    lease_until: null,
    asks: 0,
    due_at: action ? now : new Date(now.getTime() + HOUR_MS),
  });
  if (!action) return { ...NOTHING, outcome: 'waiting' };
  await askForMethod(tx, charge, charge.failingSince ?? now);
  await mailChargeAction(tx, deps, { ...charge, chargeId: charge.id });
  return { ...NOTHING, outcome: 'waiting', needsMethod: true };
}

async function recordOver(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  told: ProviderCharge,
  decision: Extract<Decision, { kind: 'over' }>,
  now: Date,
): Promise<Recorded> {
  assertMove(charge, decision.status);
  const detail =
    decision.failure === null
      ? 'Given up at the provider: it takes nothing any more.'
      : `Refused (${decision.failure.kind}): ${decision.failure.code}.`;
  await change(tx, charge.id, now, detail, {
    status: decision.status,
    failure_kind: decision.failure?.kind ?? null,
    failure_code: decision.failure?.code ?? null,
    provider_ref: told.ref,
    lease_until: null,
    settled_at: now,
  });
  const followed = await follow(deps, tx, charge, decision, now);
  return { outcome: decision.status, ...followed };
}

async function follow(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  { next, failure, failingSince }: { next: Next; failure: unknown; failingSince: Date },
  now: Date,
): Promise<{ needsMethod: boolean; pastDue: boolean }> {
  if (next.kind === 'none') return { needsMethod: false, pastDue: false };
  const about = { ...charge, chargeId: charge.id };
  if (charge.failingSince === null) {
    await tx
      .updateTable('payments.invoices')
      .set({ failing_since: failingSince })
      .where('id', '=', charge.invoiceId)
      .execute();
  }
  if (next.kind === 'method') {
    await waitForMethod(deps, tx, charge, now);
    await askForMethod(tx, charge, failingSince);
    // Who was asked to confirm has had a mail with the same link.
    if (charge.status !== 'requires_action') await mailMethodNeeded(tx, deps, about);
    const pastDue = next.pastDue && (await markPastDue(deps, tx, charge, now));
    return { needsMethod: true, pastDue };
  }
  if (next.kind === 'past-due') {
    return { needsMethod: false, pastDue: await markPastDue(deps, tx, charge, now) };
  }
  const detail = 'To be tried again.';
  await planGeneration(tx, deps, { ...charge, dueAt: next.at, detail }, now);
  if (failure !== null) await mailChargeFailed(tx, deps, about);
  return { needsMethod: false, pastDue: false };
}

function waitForMethod(deps: Deps, tx: Tx, charge: LockedCharge, now: Date): Promise<string> {
  const detail = 'Waits for a payment method.';
  return planGeneration(tx, deps, { ...charge, dueAt: NEVER, detail }, now);
}

function askForMethod(tx: Tx, charge: LockedCharge, failingSince: Date): Promise<unknown> {
  return tx
    .updateTable('payments.invoices')
    .set({ needs_method: true, failing_since: failingSince })
    .where('id', '=', charge.invoiceId)
    .where('status', 'in', ['open', 'past_due'])
    .execute();
}

/** @returns whether it was not before */
export async function markPastDue(
  deps: Deps,
  tx: Tx,
  invoice: { invoiceId: string; customerId: string },
  now: Date,
): Promise<boolean> {
  const result = await tx
    .updateTable('payments.invoices')
    .set({ status: 'past_due' })
    .where('id', '=', invoice.invoiceId)
    .where('status', '=', 'open')
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) return false;
  await mailInvoicePastDue(tx, deps, invoice);
  deps.log.info({ invoiceId: invoice.invoiceId, at: now }, 'invoice is past due');
  return true;
}

/** There is nothing to charge: the attempt waits, and the customer is asked. */
export async function recordNoMethod(deps: Deps, tx: Tx, charge: LockedCharge): Promise<Recorded> {
  const now = deps.clock.now();
  const failingSince = charge.failingSince ?? now;
  await change(tx, charge.id, now, 'Waits for a payment method.', {
    status: 'planned',
    due_at: NEVER,
    lease_until: null,
  });
  await askForMethod(tx, charge, failingSince);
  await mailMethodNeeded(tx, deps, charge);
  const over = pastDueAt(failingSince, dunningSchedule(deps)) <= now;
  const pastDue = over && (await markPastDue(deps, tx, charge, now));
  return { outcome: 'waiting', needsMethod: true, pastDue };
}

async function book(
  deps: Deps,
  tx: Tx,
  charge: LockedCharge,
  told: ProviderCharge,
  now: Date,
): Promise<string> {
  const idempotencyKey = `charge:${charge.id}`;
  const posted = await postTransactions(tx, charge.currency, [
    {
      id: deps.ids.next(),
      idempotencyKey,
      kind: 'charge',
      bookedOn: businessDay(now, deps.timeZone),
      occurredAt: now,
      subjectKind: 'charge',
      subjectId: charge.id,
      postings: [
        { code: 'provider-clearing', owner: charge.provider, amountMinor: told.amountMinor },
        { code: 'customer-receivable', owner: charge.customerId, amountMinor: -told.amountMinor },
      ],
    },
  ]);
  const transaction = posted.get(idempotencyKey);
  if (!transaction) throw new Error(`Charge ${charge.id} of nothing cannot be booked.`);
  return transaction.id;
}

type Change = Parameters<typeof changeCharge>[2];

function change(tx: Tx, id: string, now: Date, detail: string, values: Change): Promise<void> {
  return changeCharge(tx, id, values, detail, now);
}

function assertMove(charge: LockedCharge, to: LockedCharge['status']): void {
  if (mayMove(charge.status, to)) return;
  throw new Error(`Charge ${charge.id} cannot become ${to}: it is ${charge.status}.`);
}

import { randomUUID } from 'node:crypto';
import { createVirtualClock } from '../../../platform/clock.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { subjectKey } from '../people/identify.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { MONDAY, openTestPayments } from '../testing.ts';
import { chargeKey } from './charge-key.ts';
import { createScriptedProvider, type ScriptedProvider } from './scripted-provider.ts';

/** Payments over a {@link createScriptedProvider}, both on one virtual clock. */
export async function openChargesTest(change: Partial<PaymentsDependencies> = {}) {
  const clock = createVirtualClock(MONDAY);
  const world = createScriptedProvider(clock);
  const test = await openTestPayments(world.provider, { clock, ...change });
  return { ...test, clock, world };
}

export type ChargesTest = Awaited<ReturnType<typeof openChargesTest>>;

/** The token's subject of a customer of {@link seedInvoice}. */
export const subjectOf = (customerId: string) => `subject-${customerId}`;

export interface SeededInvoice {
  invoiceId: string;
  chargeId: string;
  customerId: string;
  customerRef: string;
  workerId: string;
  number: string;
}

let seeded = 0;

/** A customer with a method, or without, and an issued invoice whose first charge is due. */
export async function seedInvoice(
  test: {
    own: { db: Database<AllTables> };
    deps: Pick<PaymentsDependencies, 'clock'>;
    world?: Pick<ScriptedProvider, 'giveMethod'>;
  },
  given: {
    provider?: PaymentProvider['name'];
    customerId?: string;
    customerRef?: string;
    method?: string | null;
    amountMinor?: bigint;
  } = {},
): Promise<SeededInvoice> {
  seeded += 1;
  const { db } = test.own;
  const now = test.deps.clock.now();
  const [invoiceId, chargeId, runId, workerId] = Array.from({ length: 4 }, () => randomUUID());
  if (!invoiceId || !chargeId || !runId || !workerId) throw new Error('There are four ids.');
  const customerId = given.customerId ?? randomUUID();
  const customerRef = given.customerRef ?? `cus_${customerId}`;
  const amount = given.amountMinor ?? 12_000n;
  const provider = given.provider ?? 'sandbox';
  const number = `T-${process.pid}-${seeded}`;
  const key = subjectKey('customer', subjectOf(customerId));
  const methodRef = given.method === undefined ? 'good-1' : given.method;
  if (methodRef) test.world?.giveMethod(customerRef, methodRef);
  const method = methodRef && {
    ref: methodRef,
    type: 'card',
    brand: 'visa',
    last4: '4242',
    expiresMonth: 12,
    expiresYear: 2030,
  };
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('payments.people')
      .values({ kind: 'customer', subject_key: key, person_id: customerId })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await tx
      .insertInto('payments.provider_customers')
      .values({
        provider,
        subject_key: key,
        idempotency_key: `customer:${key}`,
        customer_ref: customerRef,
        method: method ? JSON.stringify(method) : null,
        created_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await tx
      .insertInto('payments.runs')
      .values({
        id: runId,
        kind: 'invoices',
        period: `2026-W${seeded}`,
        cutoff: now,
        hash: runId,
        except_ids: '[]',
        people: 1,
        items: 1,
        total_minor: amount,
        currency: 'USD',
        gates: '[]',
        oddities: '[]',
        status: 'committed',
        planned_at: now,
      })
      .execute();
    await tx
      .insertInto('payments.invoices')
      .values({
        id: invoiceId,
        number,
        customer_id: customerId,
        period: `2026-W${seeded}`,
        run_id: runId,
        currency: 'USD',
        orders: 1,
        price_minor: amount,
        discount_minor: 0n,
        total_minor: amount,
        issued_at: now,
      })
      .execute();
    await tx
      .insertInto('payments.rule_versions')
      .values({ version: 'test', rules: '{}', first_used_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await tx
      .insertInto('payments.order_bookings')
      .values({
        order_id: randomUUID(),
        event_id: randomUUID(),
        transaction_id: null,
        customer_id: customerId,
        worker_id: workerId,
        service_code: 'window-cleaning',
        service_name: 'Window cleaning',
        outcome: 'completed',
        end_kind: 'completed',
        ended_at: now,
        ended_on: '2026-11-23',
        booked_on: '2026-11-23',
        currency: 'USD',
        price_minor: amount,
        paid_before_minor: 0n,
        discount_percent: 0,
        discount_minor: 0n,
        net_minor: amount,
        rules_version: 'test',
        invoice_id: invoiceId,
      })
      .execute();
    await tx
      .insertInto('payments.charges')
      .values({
        id: chargeId,
        invoice_id: invoiceId,
        generation: 1,
        provider,
        idempotency_key: chargeKey(invoiceId, 1),
        amount_minor: amount,
        currency: 'USD',
        status: 'planned',
        due_at: now,
        created_at: now,
      })
      .execute();
  });
  return { invoiceId, chargeId, customerId, customerRef, workerId, number };
}

/** An invoice as finance would look at it, with its attempts in their order. */
export async function readInvoice(test: { own: { db: Database<AllTables> } }, invoiceId: string) {
  const invoice = await test.own.db
    .selectFrom('payments.invoices')
    .select(['status', 'needs_method as needsMethod', 'failing_since as failingSince'])
    .where('id', '=', invoiceId)
    .executeTakeFirstOrThrow();
  const charges = await test.own.db
    .selectFrom('payments.charges')
    .select([
      'id',
      'status',
      'failure_kind as failureKind',
      'failure_code as failureCode',
      'due_at as dueAt',
      'provider_ref as providerRef',
      'method_ref as methodRef',
    ])
    .where('invoice_id', '=', invoiceId)
    .orderBy('generation')
    .execute();
  return { ...invoice, charges };
}

/** Balances by account, those of 0 left out: `customer-receivable` without its owner. */
export async function readBalances(test: { own: { db: Database<AllTables> } }) {
  const rows = await test.own.db
    .selectFrom('ledger.postings as p')
    .innerJoin('ledger.accounts as a', 'a.id', 'p.account_id')
    .select(({ fn }) => ['a.code', fn.sum<string>('p.amount_minor').as('balance')])
    .groupBy('a.code')
    .orderBy('a.code')
    .execute();
  return Object.fromEntries(
    rows.filter((row) => Number(row.balance) !== 0).map((row) => [row.code, Number(row.balance)]),
  );
}

/** Templates of the mails written, in order. */
export async function readMails(test: { own: { db: Database<AllTables> } }): Promise<string[]> {
  const rows = await test.own.db
    .selectFrom('mail.messages')
    .select('template')
    .orderBy('id')
    .execute();
  return rows.map((row) => row.template);
}

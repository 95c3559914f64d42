import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../../../platform/postgres/database.ts';
import { type EndedOrderSpec, endOrders } from '../bookings/testing.ts';
import { createCharges } from '../charges/create-charges.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { createInvoices } from '../invoices/create-invoices.ts';
import { createPayouts } from '../payouts/create-payouts.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { createSandboxProvider } from '../sandbox/create-sandbox-provider.ts';
import { submitSandboxPage } from '../sandbox/sandbox-page.ts';
import { openTestPayments } from '../testing.ts';
import { createProof } from './create-proof.ts';

/** Sunday evening and month's end of the week that the tests' clock begins in. */
const SUNDAY = new Date('2026-11-29T20:00:00Z');
const MONTH_END = new Date('2026-11-30T20:00:00Z');

/** Payments over the sandbox, with the steps of a week as they really are taken. */
export async function openProofTest() {
  const test = await openTestPayments({} as PaymentProvider);
  const { clock, ids, publicUrl } = { ...test.deps, clock: test.clock };
  const sandbox = { db: test.own.open('steward_payments_worker'), clock, ids, publicUrl };
  const provider = createSandboxProvider(sandbox);
  const deps: PaymentsDependencies = { ...test.deps, provider };
  const finance: PaymentsDependencies = { ...test.asFinance, provider };
  const owner = test.own.db;

  /** A customer gives a test card. */
  const giveCard = async (customerId: string, card = 'pm_card_visa') => {
    const known = await owner
      .selectFrom('payments.provider_customers')
      .select('customer_ref')
      .where('idempotency_key', '=', `customer:${customerId}`)
      .executeTakeFirst();
    const idempotencyKey = `customer:${customerId}`;
    const ref =
      known?.customer_ref ??
      (await provider.createCustomer({ idempotencyKey, personKey: customerId })).ref;
    await provider.attachMethod({
      idempotencyKey: `attach:${customerId}:${card}`,
      customerRef: ref,
      methodRef: card,
    });
    await sql`
      insert into payments.provider_customers
        (provider, subject_key, idempotency_key, customer_ref, created_at)
      select 'sandbox', subject_key, 'customer:' || ${customerId}::text, ${ref}, ${clock.now()}
      from payments.people where kind = 'customer' and person_id = ${customerId}
      on conflict (provider, subject_key) do update set method = null`.execute(owner);
  };
  const openAccount = async (workerId: string) => {
    const { ref: accountRef } = await provider.createAccount({
      idempotencyKey: `account:${workerId}`,
      personKey: workerId,
    });
    const page = await provider.openAccountPage({ accountRef, returnUrl: 'https://a.example' });
    await submitSandboxPage(sandbox, page.url.split('/').at(-1) ?? '', 'ready');
    const destination = { method: 'provider', accountRef } as const;
    await createPayouts(finance).setDestination(workerId, destination);
  };

  return {
    ...test,
    deps,
    finance,
    sandbox,
    provider,
    proof: createProof(deps),
    giveCard,
    openAccount,
    endOrders: (specs: readonly EndedOrderSpec[]) => endOrders({ deps, main: test.main }, specs),
    /** Issues the invoices of the week and charges what is due. */
    invoiceWeek: async () => {
      clock.moveTo(SUNDAY);
      const { outcome } = await createInvoices(deps).issueWeek('2026-W48');
      await createCharges(deps).chargeDue();
      return outcome;
    },
    payMonth: async () => {
      clock.moveTo(MONTH_END);
      return createPayouts(deps).payMonth('2026-11');
    },
    /** Does what nobody can do: as the database's superuser, with all triggers out of order. */
    tamper: (...statements: RawBuilder<unknown>[]) => tamper(owner, statements),
    /** Keeps the books as they are now; the answer puts them back. */
    saveBooks: () => saveBooks(owner),
  };
}

async function tamper(
  owner: Database<AllTables>,
  statements: readonly RawBuilder<unknown>[],
): Promise<void> {
  await owner.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx);
    for (const statement of statements) await statement.execute(tx);
  });
}

async function saveBooks(owner: Database<AllTables>): Promise<() => Promise<void>> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('ledger', 'payments', 'stream_consumers')`.execute(owner);
  const kept = (name: string) => sql.table(`saved.${name.replace('.', '_')}`);
  await sql`create schema saved`.execute(owner);
  for (const { name } of tables) {
    await sql`create table ${kept(name)} as table ${sql.table(name)}`.execute(owner);
  }
  const back = tables.flatMap(({ name }) => [
    sql`delete from ${sql.table(name)}`,
    sql`insert into ${sql.table(name)} overriding system value select * from ${kept(name)}`,
  ]);
  return () => tamper(owner, back);
}

/** A week of three customers and two workers down to paid invoices and payouts. */
export async function openPaidWeek() {
  const test = await openProofTest();
  const orders = await test.endOrders([
    { priceMinor: 1_012_000, outcome: 'completed' },
    { priceMinor: 8_900, outcome: 'cancelled' },
    { priceMinor: 12_000, outcome: 'completed' },
  ]);
  const [first, second, third] = orders;
  if (!first || !second || !third) throw new Error('There are three orders.');
  const more = await test.endOrders([
    { priceMinor: 8_900, customerId: first.customerId, workerId: first.workerId },
    {
      priceMinor: 5_000,
      customerId: second.customerId,
      workerId: first.workerId,
      outcome: 'failed',
    },
  ]);
  for (const { customerId } of [first, second, third]) await test.giveCard(customerId);
  await test.openAccount(first.workerId);
  await test.openAccount(third.workerId);
  await test.invoiceWeek();
  await test.payMonth();
  return { ...test, orders: [...orders, ...more], first, second, third };
}

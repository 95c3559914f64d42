import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../platform/postgres/database.ts';
import { buildWorker, writePersonal } from '../../../stream/testing.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { createScriptedProvider } from '../payouts/testing.ts';
import { MONDAY, openTestPayments } from '../testing.ts';
import { createCredits } from './create-credits.ts';

const PAGE = { limit: 20 };

async function openShop() {
  const t = await openTestPayments(createScriptedProvider({ now: () => MONDAY }));
  const worker = randomUUID();
  await writePersonal(t.main.db, 'worker', worker, buildWorker());
  return { t, worker };
}
type Shop = Awaited<ReturnType<typeof openShop>>;

/** The credits as a finance manager has them, with a login of their own. */
async function asManager({ t }: Shop) {
  const serverUrl = inject('serverUrl');
  const person = `finance_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  const server = openDatabase({ url: serverUrl, applicationName: 'test', max: 1 });
  await sql
    .raw(`create role ${person} login password '${password}' in role steward_finance`)
    .execute(server);
  const url = new URL(t.own.url);
  url.username = person;
  url.password = password;
  const db = openDatabase<AllTables>({ url: url.href, applicationName: 'test', max: 3 });
  onTestFinished(async () => {
    await db.destroy();
    await sql.raw(`drop role ${person}`).execute(server);
    await server.destroy();
  });
  const deps: PaymentsDependencies = { ...t.deps, db };
  return { person, db, credits: createCredits(deps) };
}

async function payable({ t, worker }: Shop): Promise<bigint> {
  const { rows } = await sql<{ sum: string }>`
    select coalesce(-sum(p.amount_minor), 0) as sum from ledger.postings p
    join ledger.accounts a on a.id = p.account_id
    where a.code = 'worker-payable' and a.owner = ${worker}`.execute(t.own.db);
  return BigInt(rows[0]?.sum ?? 0);
}

test('a credit up to the limit is booked at once, with who, whom, how much and what for', async () => {
  const shop = await openShop();
  const anna = await asManager(shop);
  const credit = await anna.credits.credit({
    workerId: shop.worker,
    amountMinor: 50_000n,
    reason: ' Helped out on a holiday ',
  });
  expect(credit).toMatchObject({
    status: 'booked',
    needsApproval: false,
    reason: 'Helped out on a holiday',
    requestedBy: anna.person,
    decidedBy: anna.person,
    amountMinor: 50_000n,
  });
  expect(await payable(shop)).toBe(50_000n);
});

test('over the limit nothing is booked until another manager approves', async () => {
  const shop = await openShop();
  const [anna, boris] = [await asManager(shop), await asManager(shop)];
  const { id, status } = await anna.credits.credit({
    workerId: shop.worker,
    amountMinor: 50_001n,
    reason: 'A new ladder',
  });
  expect(status).toBe('requested');
  expect(await payable(shop)).toBe(0n);
  await expect(anna.credits.approve(id)).rejects.toMatchObject({
    kind: 'forbidden',
    code: 'same_manager',
    message: expect.stringContaining('second finance manager'),
  });
  expect(await payable(shop)).toBe(0n);
  expect(await boris.credits.approve(id, { dryRun: true })).toMatchObject({ status: 'booked' });
  expect(await payable(shop)).toBe(0n);
  expect(await boris.credits.approve(id)).toMatchObject({
    status: 'booked',
    requestedBy: anna.person,
    decidedBy: boris.person,
  });
  expect(await payable(shop)).toBe(50_001n);
  await expect(boris.credits.approve(id)).rejects.toMatchObject({ code: 'credit_decided' });
  await expect(anna.credits.reject(id, 'no')).rejects.toMatchObject({ code: 'credit_decided' });
});

test('the database itself refuses an approval by the one who asked, and a forged name', async () => {
  const shop = await openShop();
  const anna = await asManager(shop);
  const { id } = await anna.credits.credit({
    workerId: shop.worker,
    amountMinor: 90_000n,
    reason: 'A van',
  });
  await expect(
    sql`update payments.credits set status = 'booked', decided_at = now(),
      transaction_id = gen_random_uuid() where id = ${id}`.execute(anna.db),
  ).rejects.toMatchObject({ code: '23514' });
  await expect(
    sql`update payments.credits set decided_by = 'boris' where id = ${id}`.execute(anna.db),
  ).rejects.toMatchObject({ code: '42501' });
  await expect(
    sql`update payments.credits set amount_minor = 1 where id = ${id}`.execute(shop.t.own.db),
  ).rejects.toMatchObject({ code: '23001' });
});

test('in an embedded database, whose owner may do everything, one login is still one person', async () => {
  const shop = await openShop();
  const owner = createCredits(shop.t.asOwner);
  const { id } = await owner.credit({
    workerId: shop.worker,
    amountMinor: 60_000n,
    reason: 'Paint',
  });
  await expect(owner.approve(id)).rejects.toMatchObject({ code: 'same_manager' });
  const asFinance = createCredits(shop.t.asFinance);
  await expect(asFinance.approve(id)).rejects.toMatchObject({ code: 'same_manager' });
  expect(await owner.reject(id, 'Asked for by mistake')).toMatchObject({
    status: 'rejected',
    decisionReason: 'Asked for by mistake',
  });
});

test('a negative credit takes one back, and over the limit it needs approval too', async () => {
  const shop = await openShop();
  const anna = await asManager(shop);
  const of = (amountMinor: bigint) =>
    anna.credits.credit({ workerId: shop.worker, amountMinor, reason: 'Correction' });
  await of(30_000n);
  expect(await of(-20_000n)).toMatchObject({ status: 'booked' });
  expect(await of(-50_001n)).toMatchObject({ status: 'requested' });
  expect(await payable(shop)).toBe(10_000n);
});

test('the same key does it once, ten at once; another credit under it is refused', async () => {
  const shop = await openShop();
  const credits = createCredits(shop.t.asFinance);
  const request = {
    workerId: shop.worker,
    amountMinor: 1_000n,
    reason: 'Bonus',
    idempotencyKey: 'bonus-2026-11',
  };
  const made = await Promise.all(Array.from({ length: 10 }, () => credits.credit(request)));
  expect(new Set(made.map((one) => one.id)).size).toBe(1);
  expect(await payable(shop)).toBe(1_000n);
  await expect(credits.credit({ ...request, amountMinor: 2_000n })).rejects.toMatchObject({
    code: 'idempotency_key_reused',
  });
});

test('approved ten times at once and rejected meanwhile, a credit is booked once or never', async () => {
  const shop = await openShop();
  const [anna, boris] = [await asManager(shop), await asManager(shop)];
  const { id } = await anna.credits.credit({
    workerId: shop.worker,
    amountMinor: 70_000n,
    reason: 'Bonus',
  });
  const results = await Promise.allSettled([
    ...Array.from({ length: 9 }, () => boris.credits.approve(id)),
    anna.credits.reject(id, 'Changed my mind'),
  ]);
  expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  const [credit] = (await anna.credits.list({}, PAGE)).data;
  expect(await payable(shop)).toBe(credit?.status === 'booked' ? 70_000n : 0n);
});

test('a dry run tells what would be, and leaves nothing behind', async () => {
  const shop = await openShop();
  const credits = createCredits(shop.t.asFinance);
  const request = { workerId: shop.worker, amountMinor: 100n, reason: 'Bonus', dryRun: true };
  expect(await credits.credit(request)).toMatchObject({ status: 'booked', amountMinor: 100n });
  expect(await payable(shop)).toBe(0n);
  expect((await credits.list({}, PAGE)).total.count).toBe(0);
});

test('nobody is credited nothing, for nothing, or without being a worker', async () => {
  const shop = await openShop();
  const credits = createCredits(shop.t.asFinance);
  const good = { workerId: shop.worker, amountMinor: 100n, reason: 'Bonus' };
  for (const bad of [{ amountMinor: 0n }, { amountMinor: 10n ** 15n }, { reason: '  ' }]) {
    await expect(credits.credit({ ...good, ...bad })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  }
  for (const workerId of [randomUUID(), 'anna']) {
    await expect(credits.credit({ ...good, workerId })).rejects.toMatchObject({
      code: 'worker_not_found',
    });
  }
  await expect(credits.approve('nonsense')).rejects.toMatchObject({ code: 'credit_not_found' });
  await expect(credits.approve(randomUUID())).rejects.toMatchObject({ code: 'credit_not_found' });
});

test('the list has pages, filters and a total over all of it', async () => {
  const shop = await openShop();
  const credits = createCredits(shop.t.asFinance);
  const other = randomUUID();
  await writePersonal(shop.t.main.db, 'worker', other, buildWorker());
  for (const [workerId, amountMinor] of [
    [shop.worker, 100n],
    [other, 200n],
    [shop.worker, 60_000n],
  ] as const) {
    await credits.credit({ workerId, amountMinor, reason: 'Bonus' });
  }
  const first = await credits.list({}, { limit: 2 });
  expect(first.data.map((one) => one.amountMinor)).toEqual([60_000n, 200n]);
  expect(first.total).toEqual({ count: 3, amountMinor: 60_300n });
  const next = await credits.list({}, { limit: 2, cursor: first.nextCursor ?? '' });
  expect(next.data.map((one) => one.amountMinor)).toEqual([100n]);
  expect(next.nextCursor).toBeNull();
  const own = await credits.list({ workerId: shop.worker, status: 'booked' }, PAGE);
  expect(own.data.map((one) => one.amountMinor)).toEqual([100n]);
});

test('whatever is asked for and approved, the payable is the sum of what is booked', async () => {
  const shop = await openShop();
  const [anna, boris] = [await asManager(shop), await asManager(shop)];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          amount: fc.integer({ min: -70_000, max: 70_000 }).filter((one) => one !== 0),
          decision: fc.constantFrom('approve', 'reject', 'leave'),
        }),
        { maxLength: 6 },
      ),
      async (steps) => {
        for (const { amount, decision } of steps) {
          const { id, status } = await anna.credits.credit({
            workerId: shop.worker,
            amountMinor: BigInt(amount),
            reason: 'Any',
          });
          expect(status).toBe(Math.abs(amount) > 50_000 ? 'requested' : 'booked');
          if (status === 'booked' || decision === 'leave') continue;
          if (decision === 'approve') await boris.credits.approve(id);
          else await boris.credits.reject(id, 'No');
        }
        const { total } = await anna.credits.list({ status: 'booked' }, PAGE);
        expect(await payable(shop)).toBe(total.amountMinor);
      },
    ),
    { numRuns: 10 },
  );
});

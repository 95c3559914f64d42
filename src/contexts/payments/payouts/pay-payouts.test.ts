import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { listMails } from '../../../platform/mail/index.ts';
import { createPaymentsMailRenderer } from '../mails/render-payments-mail.ts';
import { syncTransfer } from './sync-transfer.ts';
import { accountOf, openPayouts, PAGE, type PayoutsTest } from './testing.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** One worker with a committed payout of 60.00. */
async function openOne() {
  const t = await openPayouts();
  const [worker = ''] = await t.earn(6_000);
  await t.commit();
  const { id } = await t.payoutOf(worker);
  return { t, worker, id };
}

/** What stands where: with the worker, on the way, out with the provider. */
async function whereabouts(t: PayoutsTest, worker: string) {
  return {
    payable: await t.owed('worker-payable', worker),
    transit: await t.owed('payouts-in-transit'),
    out: await t.owed('provider-clearing', 'sandbox'),
  };
}
const WITH_WORKER = { payable: 0n, transit: 0n, out: 6_000n };
const ON_THE_WAY = { payable: 0n, transit: 6_000n, out: 0n };
const PAYABLE = { payable: 6_000n, transit: 0n, out: 0n };

describe('paying', () => {
  test('moves the money, books it, tells the worker once', async () => {
    const { t, worker, id } = await openOne();
    expect(await t.payouts.pay({ dryRun: true })).toMatchObject({
      results: [{ payoutId: id, outcome: 'would-send' }],
    });
    expect(await whereabouts(t, worker)).toEqual(ON_THE_WAY);
    expect(await t.payouts.pay()).toEqual({
      paid: 1,
      failed: 0,
      unknown: 0,
      waiting: 0,
      results: [{ payoutId: id, workerId: worker, amountMinor: 6_000n, outcome: 'paid' }],
    });
    expect(await t.payouts.pay()).toMatchObject({ results: [] });
    expect(t.world.calls).toMatchObject([
      { idempotencyKey: `payout:${id}:1`, accountRef: accountOf(worker), amountMinor: 6_000n },
    ]);
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
    expect(await t.mails()).toEqual(['payout-sent worker']);
    expect(await t.payouts.get(id, worker)).toMatchObject({ status: 'paid', providerRef: 'tr_1' });
    await expect(t.payouts.get(id, randomUUID())).rejects.toMatchObject({
      code: 'payout_not_found',
    });
  });

  test('ten at once pay each worker once', async () => {
    const t = await openPayouts();
    const workers = await t.earn(6_000, 3_000, 1_200, 9_000);
    await t.commit();
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? t.payouts : t.finance).pay()),
    );
    expect(t.world.calls).toHaveLength(4);
    expect(await t.owed('payouts-in-transit')).toBe(0n);
    expect((await t.payouts.list({ status: 'paid' }, PAGE)).total.count).toBe(workers.length);
  });

  test('one failure keeps nobody else from being paid', async () => {
    const t = await openPayouts();
    await t.earn(6_000, 3_000, 1_200, 9_000);
    await t.commit();
    t.world.script({ failed: 'account_closed' }, 'lost-before', 'rate_limited');
    const { results, ...counts } = await t.payouts.pay();
    expect(counts).toEqual({ paid: 1, failed: 1, unknown: 1, waiting: 0 });
    expect(results.map((one) => one.outcome).sort()).toEqual([
      'failed',
      'not-sent',
      'paid',
      'unknown',
    ]);
  });

  test('no database transaction is open while the provider is called', async () => {
    const { t } = await openOne();
    let open: bigint | undefined;
    t.world.onTransfer = async () => {
      const { rows } = await sql<{ open: bigint }>`
        select count(*) as open from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'`.execute(t.own.db);
      open = rows[0]?.open;
    };
    await t.payouts.pay();
    expect(open).toBe(0n);
  });

  test('whoever has no account yet waits, and is paid when there is one', async () => {
    const t = await openPayouts();
    const [anna = '', boris = ''] = await t.earn(6_000, 3_000);
    t.world.unready.add(accountOf(anna));
    await t.own.db
      .updateTable('payments.payout_destinations')
      .set({ account_ref: null })
      .where('worker_id', '=', boris)
      .execute();
    await t.commit();
    expect(await t.payouts.pay()).toMatchObject({ paid: 0, waiting: 2 });
    expect(await t.payouts.pay()).toMatchObject({ paid: 0, waiting: 2 });
    expect(await t.mails()).toEqual(['account-needed worker', 'account-needed worker']);
    const render = createPaymentsMailRenderer({
      ...t.deps,
      financeTo: 'finance@example.org',
      methodLink: async () => 'https://example.org',
    });
    const written = await Promise.all((await listMails(t.own.db, { limit: 2 })).map(render));
    expect(written.map((mail) => 'subject' in mail && mail.subject).sort()).toEqual([
      '[sandbox] We cannot pay you yet: 30.00 USD for 2026-11',
      '[sandbox] We cannot pay you yet: 60.00 USD for 2026-11',
    ]);
    expect((await t.payoutOf(anna)).status).toBe('planned');
    t.world.unready.clear();
    await t.payouts.setDestination(boris, { method: 'provider', accountRef: 'acct_new' });
    expect(await t.payouts.destination(boris)).toEqual({
      method: 'provider',
      accountRef: 'acct_new',
      ready: true,
    });
    expect(await t.payouts.pay()).toMatchObject({ paid: 2, waiting: 0 });
  });

  test('a provider that is down sends nothing, and what is planned stays so', async () => {
    const { t, worker, id } = await openOne();
    t.world.down = true;
    expect(await t.payouts.pay()).toMatchObject({ unknown: 0, results: [{ outcome: 'not-sent' }] });
    expect(await t.payouts.destination(worker)).toMatchObject({ ready: null });
    expect((await t.payouts.get(id)).status).toBe('planned');
  });

  test('what a month has left planned is sent in the next one, and not before', async () => {
    const { t } = await openOne();
    t.world.script('rate_limited');
    await t.payouts.pay();
    expect(await t.payouts.finishMonths()).toMatchObject({ paid: 0, results: [] });
    t.clock.advance(2 * 86_400_000);
    expect(await t.payouts.finishMonths()).toMatchObject({ paid: 1 });
    expect(await t.payouts.finishMonths()).toMatchObject({ paid: 0, results: [] });
    expect(t.world.transfers).toHaveLength(1);
  });

  test('a hold that comes after the commit is kept to', async () => {
    const { t, worker } = await openOne();
    await t.finance.hold(worker, 'A complaint');
    await expect(t.finance.hold(worker, 'Again')).rejects.toMatchObject({ code: 'already_held' });
    expect(await t.payouts.pay()).toMatchObject({ results: [{ outcome: 'held' }] });
    expect(await t.finance.holds()).toMatchObject([{ workerId: worker, reason: 'A complaint' }]);
    await t.finance.release(worker);
    await expect(t.finance.release(worker)).rejects.toMatchObject({ code: 'not_held' });
    expect(await t.payouts.pay()).toMatchObject({ paid: 1 });
  });
});

describe('an answer that is lost', () => {
  test('after the money moved: asked, not sent again', async () => {
    const { t, worker } = await openOne();
    t.world.script('lost-after');
    expect(await t.payouts.pay()).toMatchObject({ unknown: 1 });
    expect(await whereabouts(t, worker)).toEqual(ON_THE_WAY);
    expect(await t.payouts.settleDue()).toEqual({ paid: 1, failed: 0, unknown: 0 });
    expect(t.world.calls).toHaveLength(1);
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
  });

  test('before anything happened: sent again only when it cannot arrive any more, same key', async () => {
    const { t, id } = await openOne();
    t.world.script('lost-before');
    await t.payouts.pay();
    expect(await t.payouts.pay()).toMatchObject({ unknown: 1 });
    t.clock.advance(14 * MINUTE_MS);
    expect(await t.payouts.pay()).toMatchObject({ unknown: 1 });
    expect(t.world.calls).toHaveLength(1);
    t.clock.advance(MINUTE_MS);
    expect(await t.payouts.pay()).toMatchObject({ paid: 1 });
    expect(t.world.calls.map((one) => one.idempotencyKey)).toEqual([
      `payout:${id}:1`,
      `payout:${id}:1`,
    ]);
  });

  test('and the money moves late: it is found, whoever asks', async () => {
    const { t, worker } = await openOne();
    t.world.script('late');
    await t.payouts.pay();
    t.clock.advance(10 * MINUTE_MS);
    expect(await t.payouts.settleDue()).toMatchObject({ unknown: 1 });
    t.world.arrive();
    t.clock.advance(10 * MINUTE_MS);
    expect(await t.payouts.pay()).toMatchObject({ paid: 1 });
    expect(t.world.transfers).toHaveLength(1);
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
  });

  test('while the provider is down for a day, nothing is sent blindly; then it is a new attempt', async () => {
    const { t, id } = await openOne();
    t.world.script('lost-before');
    await t.payouts.pay();
    t.world.down = true;
    t.clock.advance(25 * HOUR_MS);
    expect(await t.payouts.pay()).toMatchObject({ unknown: 1 });
    expect(t.world.calls).toHaveLength(1);
    t.world.down = false;
    expect(await t.payouts.pay()).toMatchObject({ paid: 1 });
    expect(t.world.calls.map((one) => one.idempotencyKey)).toEqual([
      `payout:${id}:1`,
      `payout:${id}:2`,
    ]);
    expect(await t.owed('payouts-in-transit')).toBe(0n);
    expect(await t.owed('provider-clearing', 'sandbox')).toBe(6_000n);
  });

  test('never received, then held for two days: asked once more before the key is trusted', async () => {
    const { t, worker, id } = await openOne();
    t.world.script('late');
    await t.payouts.pay();
    t.clock.advance(HOUR_MS);
    await t.finance.hold(worker, 'A complaint');
    expect(await t.payouts.pay()).toMatchObject({ results: [{ outcome: 'held' }] });
    // Against all that the provider promises, it arrives after all.
    t.world.arrive();
    t.clock.advance(48 * HOUR_MS);
    await t.finance.release(worker);
    expect(await t.payouts.pay()).toMatchObject({ paid: 1 });
    expect(t.world.calls).toHaveLength(1);
    expect(await t.payouts.get(id)).toMatchObject({ status: 'paid', generation: 1 });
  });

  test('another hears it meanwhile: the hint and the answer come to one booking', async () => {
    const { t, worker } = await openOne();
    t.world.onTransfer = async () => undefined;
    t.world.script('lost-after');
    await t.payouts.pay();
    await Promise.all([
      ...Array.from({ length: 5 }, () => syncTransfer(t.deps, 'tr_1')),
      t.payouts.settleDue(),
      t.payouts.pay(),
    ]);
    await syncTransfer(t.deps, 'tr_unknown');
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
    expect(await t.mails()).toEqual(['payout-sent worker']);
  });
});

describe('a failed payout', () => {
  test('returns to the payable, finance is told, and it can be sent again as the next attempt', async () => {
    const { t, worker, id } = await openOne();
    t.world.script({ failed: 'account_closed' });
    expect(await t.payouts.pay()).toMatchObject({ failed: 1 });
    expect(await whereabouts(t, worker)).toEqual(PAYABLE);
    expect(await t.mails()).toEqual(['payout-failed finance']);
    expect(await t.payouts.pay()).toMatchObject({ results: [] });
    expect(await t.finance.pay({ onlyFailed: true, dryRun: true })).toMatchObject({
      results: [{ outcome: 'would-retry' }],
    });
    await t.payouts.setDestination(worker, { method: 'provider', accountRef: 'acct_other' });
    expect(await t.finance.pay({ onlyFailed: true })).toMatchObject({ paid: 1 });
    expect(t.world.calls[1]).toMatchObject({
      idempotencyKey: `payout:${id}:2`,
      generation: 2,
      accountRef: 'acct_other',
    });
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
  });

  test('a request that the provider calls wrong is a failure too', async () => {
    const { t, worker, id } = await openOne();
    t.world.script('refused');
    expect(await t.payouts.pay()).toMatchObject({ failed: 1 });
    expect((await t.payouts.get(id)).failureCode).toBe('no_account');
    expect(await whereabouts(t, worker)).toEqual(PAYABLE);
  });

  test('is not sent again when the next month has paid its money', async () => {
    const { t, worker } = await openOne();
    t.world.script({ failed: 'account_closed' });
    await t.payouts.pay();
    t.clock.moveTo(new Date('2026-12-31T19:00:00Z'));
    await t.payouts.payMonth('2026-12');
    expect(t.world.transfers).toHaveLength(1);
    const report = await t.payouts.pay({ onlyFailed: true });
    expect(report).toMatchObject({ paid: 0, results: [{ outcome: 'not-payable' }] });
    expect(t.world.transfers).toHaveLength(1);
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
  });

  test('sent again by ten while the next month is committed, its money goes out once', async () => {
    const { t, worker } = await openOne();
    t.world.script({ failed: 'account_closed' });
    await t.payouts.pay();
    t.clock.moveTo(new Date('2026-12-31T19:00:00Z'));
    await Promise.allSettled([
      ...Array.from({ length: 5 }, () => t.payouts.pay({ onlyFailed: true })),
      ...Array.from({ length: 5 }, () => t.payouts.payMonth('2026-12')),
    ]);
    await t.payouts.pay();
    expect(t.world.transfers).toHaveLength(1);
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
  });

  test('ids that are none are told before anything is sent', async () => {
    const { t, id } = await openOne();
    await expect(t.payouts.pay({ ids: [id, randomUUID()] })).rejects.toMatchObject({
      code: 'payout_not_found',
    });
    expect(t.world.calls).toEqual([]);
    expect(await t.payouts.pay({ ids: [id] })).toMatchObject({ paid: 1 });
  });
});

describe('a transfer that the provider takes back', () => {
  test('makes the money payable again, once, and the next attempt is another transfer', async () => {
    const { t, worker, id } = await openOne();
    await t.payouts.pay();
    const [transfer] = t.world.transfers;
    if (transfer) transfer.state = 'reversed';
    await Promise.all(Array.from({ length: 5 }, () => syncTransfer(t.deps, 'tr_1')));
    expect(await whereabouts(t, worker)).toEqual(PAYABLE);
    expect(await t.payouts.get(id)).toMatchObject({ status: 'failed', failureCode: 'reversed' });
    expect(await t.mails()).toEqual(['payout-failed finance', 'payout-sent worker']);
    await t.payouts.pay({ onlyFailed: true });
    // A late hint about the first one changes nothing any more.
    await syncTransfer(t.deps, 'tr_1');
    expect(await whereabouts(t, worker)).toEqual(WITH_WORKER);
    expect(await t.payouts.get(id)).toMatchObject({ status: 'paid', generation: 2 });
  });

  test('before we heard that it was paid', async () => {
    const { t, worker } = await openOne();
    t.world.script('lost-after');
    await t.payouts.pay();
    const [transfer] = t.world.transfers;
    if (transfer) transfer.state = 'reversed';
    expect(await t.payouts.settleDue()).toEqual({ paid: 0, failed: 1, unknown: 0 });
    expect(await whereabouts(t, worker)).toEqual(PAYABLE);
  });
});

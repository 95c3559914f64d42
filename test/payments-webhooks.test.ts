import { expect, onTestFinished, test } from 'vitest';
import { openStripeHarness } from './stripe/harness.ts';
import {
  balanceAt,
  DAY_MS,
  haveCleaned,
  LAST_EVENING,
  MONDAY,
  NEXT_MORNING,
  onlyInvoice,
  PAGE,
  type Person,
  SUNDAY_EVENING,
  startTown,
  usd,
} from './stripe-town.ts';

test('a webhook that is forged, or signed with a secret that is not ours, is refused and changes nothing', async () => {
  const { emulator, paymentsApi, run } = await startTown();
  const stranger = await openStripeHarness();
  onTestFinished(() => stranger.close());
  await stranger.emulator.registerWebhook({
    url: `${paymentsApi.url}/v1/webhooks/stripe`,
    secrets: ['whsec_of_somebody_else'],
    auto: false,
  });
  await stranger.provider.createCustomer({ idempotencyKey: 'k', personKey: 'mallory' });
  const events = await stranger.emulator.events();
  expect(events).toHaveLength(1);
  const ids = events.map(({ id }) => id);
  expect(await stranger.emulator.sendEvents(ids)).toEqual([400]);
  const unsigned = await fetch(`${paymentsApi.url}/v1/webhooks/stripe`, {
    method: 'POST',
    body: JSON.stringify(events[0]),
  });
  expect(unsigned.status).toBe(400);
  expect(await run('payments.process-events')).toEqual({ done: 0, failed: 0 });
  expect(await emulator.log()).toEqual([]);
});

const DELIVERIES = {
  'in total silence': false,
  'backwards and each of them twice': false,
  'after a day in which our database was away': true,
};

test.each(Object.entries(DELIVERIES))(
  'webhooks that come %s end in the same state',
  async (how, auto) => {
    const town = await startTown({ auto });
    const { emulator, finance, run, moveTo, as, network } = town;
    const [alice, bob] = await Promise.all([as('customer', 'alice'), as('customer', 'bob')]);
    const give = async (person: Person, card: string) => {
      const { body } = await person.money.post('/v1/payment-methods');
      await emulator.visit(body.url, card);
    };
    const poll = async () => {
      await run('payments.poll-events');
      await run('payments.process-events');
    };
    await give(alice, 'pm_usBankAccount_processing');
    await give(bob, 'pm_card_visa');
    const price = await haveCleaned(town, alice, new Date(MONDAY.getTime() + DAY_MS));
    await haveCleaned(town, bob, new Date(MONDAY.getTime() + 2 * DAY_MS));
    await run('payments.read-stream');
    await poll();
    await moveTo(SUNDAY_EVENING);
    await run('payments.issue-invoices', '2026-W48');
    await run('payments.charge-invoices');
    expect(await onlyInvoice(alice)).toMatchObject({ status: 'open' });
    const { data: charges } = await finance.payments.charges.list({}, PAGE);
    const bank = charges.find(({ status }) => status === 'processing')?.providerRef ?? '';
    const card = charges.find(({ status }) => status === 'succeeded')?.providerRef ?? '';
    await emulator.settleWebhooks();
    await poll();
    const known = (await emulator.events()).length;

    // What only Stripe can tell: the bank pays; refunds by hand, of which one fails; a dispute is won.
    if (auto) await network.cut();
    await emulator.settlePayment(bank);
    await emulator.refundByHand(card, 500);
    await emulator.settleRefund(await emulator.refundByHand(card, 300), 'lost_or_stolen_card');
    await emulator.closeDispute(await emulator.dispute(bank), 'won');
    if (auto) expect(await emulator.settleWebhooks()).toBeGreaterThan(3);
    if (auto) await network.mend();

    const news = (await emulator.events()).map(({ id }) => id).slice(known);
    expect(news.length).toBeGreaterThan(3);
    if (how.startsWith('backwards')) {
      const sent = await emulator.sendEvents([...news, ...news].reverse());
      expect(new Set(sent)).toEqual(new Set([200]));
    }
    await moveTo(LAST_EVENING);
    if (auto) expect(await emulator.settleWebhooks()).toBe(0);
    if (how === 'in total silence') await run('payments.poll-events');
    await run('payments.process-events');

    expect(await onlyInvoice(alice)).toMatchObject({
      status: 'paid',
      disputes: [{ status: 'won' }],
      charges: [{ status: 'succeeded' }],
    });
    expect(await onlyInvoice(bob)).toMatchObject({ status: 'paid', refunded: usd(500) });
    const balance = (code: string) => finance.payments.ledger.balance({ code, owner: '' });
    expect([await balance('refunds'), await balance('disputes')]).toEqual([500n, 0n]);
    await moveTo(NEXT_MORNING);
    const reconciled = await finance.payments.proof.reconcile();
    expect(reconciled.checks.flatMap(({ violations }) => violations)).toEqual([]);
    const clearing = { code: 'provider-clearing', owner: 'stripe' };
    expect(await finance.payments.ledger.balance(clearing)).toBe(await balanceAt(emulator.url));
    expect(price).toBeGreaterThan(500);
  },
);

import { expect, test } from 'vitest';
import {
  balanceAt,
  DAY_MS,
  giveCard,
  haveCleaned,
  LAST_EVENING,
  MONDAY,
  NEXT_MORNING,
  onlyInvoice,
  PAGE,
  SUNDAY_EVENING,
  startTown,
  usd,
} from './stripe-town.ts';

test('a week with Stripe: cards, invoices, refunds, a dispute, payouts, and books that agree', async () => {
  const town = await startTown();
  const { emulator, finance, workerId, run, moveTo, listen, as } = town;
  const [alice, bob, carol, will] = await Promise.all([
    as('customer', 'alice'),
    as('customer', 'bob'),
    as('customer', 'carol'),
    as('worker', workerId),
  ]);

  // Cards are given on Stripe's page; what comes back of them is brand and last digits.
  await giveCard(town, alice, 'pm_card_visa');
  await giveCard(town, bob, 'pm_card_chargeDeclinedInsufficientFunds');
  await giveCard(town, carol, 'pm_card_createDispute');
  const onFile = await alice.money.get('/v1/payment-methods');
  expect(onFile.body.paymentMethod).toMatchObject({ brand: 'visa', last4: '4242' });

  const price = await haveCleaned(town, alice, new Date(MONDAY.getTime() + DAY_MS));
  expect(await haveCleaned(town, bob, new Date(MONDAY.getTime() + 2 * DAY_MS))).toBe(price);
  expect(await haveCleaned(town, carol, new Date(MONDAY.getTime() + 3 * DAY_MS))).toBe(price);
  await run('payments.read-stream');

  // A worker without an account says where to be paid to.
  const account = await will.money.post('/v1/payment-methods');
  expect(account.status).toBe(201);
  await emulator.visit(account.body.url);
  await listen();

  // The week's invoices, and what the cards say.
  await moveTo(SUNDAY_EVENING);
  expect(await run('payments.issue-invoices', '2026-W48')).toMatchObject({
    outcome: 'committed',
    invoices: 3,
  });
  expect(await run('payments.charge-invoices')).toMatchObject({
    charges: { sent: 3, succeeded: 2, failed: 1, unknown: 0 },
  });
  await listen();
  expect(await onlyInvoice(alice)).toMatchObject({ status: 'paid', total: usd(price) });
  const refused = await onlyInvoice(bob);
  expect(refused).toMatchObject({
    status: 'open',
    charges: [{ status: 'failed', failureCode: 'insufficient_funds' }, { status: 'planned' }],
  });
  expect(refused.nextAttemptAt).toBe('2026-11-30T20:30:00.000Z');
  const disputed = await onlyInvoice(carol);
  expect(disputed).toMatchObject({ status: 'paid', disputes: [{ status: 'open' }] });

  // Another card: charged at once, by a second attempt with a key of its own.
  await giveCard(town, bob, 'pm_card_mastercard');
  await run('payments.charge-invoices');
  const late = await onlyInvoice(bob);
  expect(late.status).toBe('paid');
  const succeeded = await finance.payments.charges.list({ status: 'succeeded' }, PAGE);
  expect(succeeded.total).toEqual({ count: 3, amountMinor: BigInt(3 * price) });
  for (const charge of succeeded.data) {
    expect(await emulator.count('charge', { steward_charge: charge.id })).toBe(1);
  }

  // Money back: by finance, of the invoice whose first attempt failed; by hand at Stripe.
  await finance.payments.refunds.refund({
    invoice: late.number,
    amountMinor: 1_000n,
    reason: 'Window left dirty',
  });
  await run('payments.charge-invoices');
  const ofAlice = await onlyInvoice(alice);
  const aliceCharge = succeeded.data.find(({ invoiceId }) => invoiceId === ofAlice.id);
  await emulator.refundByHand(aliceCharge?.providerRef ?? '', 500);
  await listen();
  expect(await onlyInvoice(bob)).toMatchObject({ refunded: usd(1_000) });
  expect(await onlyInvoice(alice)).toMatchObject({ refunded: usd(500) });

  // The dispute is lost, and finance takes it back from the worker.
  const [dispute] = (await finance.payments.refunds.disputes({}, PAGE)).data;
  await emulator.closeDispute(dispute?.providerRef ?? '', 'lost');
  await listen();
  expect(await onlyInvoice(carol)).toMatchObject({ disputes: [{ status: 'lost' }] });
  await finance.payments.refunds.clawBackDispute(dispute?.id ?? '', {
    workerId,
    amountMinor: 2_000n,
  });

  // The month ends: what the worker earned goes to the account, once there is enough, and once.
  await moveTo(LAST_EVENING);
  const pay = BigInt(3 * ((price * 60) / 100)) - 2_000n;
  const unpaid = await run('payments.pay-workers', '2026-11');
  expect(unpaid).toMatchObject({ outcome: 'committed', paid: 0, failed: 1 });
  const waiting = await will.money.get('/v1/payouts');
  expect(waiting.body.data).toMatchObject([
    { status: 'failed', failureCode: 'balance_insufficient', amount: usd(pay) },
  ]);
  await emulator.topUp(5_000, 'USD');
  expect(await finance.payments.payouts.pay({ onlyFailed: true })).toMatchObject({ paid: 1 });
  expect(await finance.payments.payouts.pay({ onlyFailed: true })).toMatchObject({ paid: 0 });
  const payouts = await will.money.get('/v1/payouts');
  expect(payouts.body.data).toMatchObject([{ status: 'paid', amount: usd(pay) }]);
  const payoutId = payouts.body.data[0].id;
  expect(await emulator.count('transfer', { steward_payout: payoutId })).toBe(1);
  await emulator.payOut(1_500, 'USD');
  await listen();

  // In the morning the books agree with themselves and with Stripe.
  await moveTo(NEXT_MORNING);
  const reconciled = await finance.payments.proof.reconcile();
  expect(reconciled.checks.flatMap(({ violations }) => violations)).toEqual([]);
  const proven = await finance.payments.proof.prove({ full: true });
  expect(proven.checks.flatMap(({ violations }) => violations)).toEqual([]);
  expect([reconciled.green, proven.green]).toEqual([true, true]);
  const balance = await balanceAt(emulator.url);
  const clearing = { code: 'provider-clearing', owner: 'stripe' };
  expect(await finance.payments.ledger.balance(clearing)).toBe(balance);
  expect(await finance.payments.ledger.balance({ code: 'bank', owner: '' })).toBe(-3_500n);

  for (const id of [late.number, payoutId, aliceCharge?.id ?? '', dispute?.id ?? '']) {
    const explanation = await finance.payments.explain.explain(id);
    expect(explanation.lines.length, explanation.title).toBeGreaterThan(1);
  }
});

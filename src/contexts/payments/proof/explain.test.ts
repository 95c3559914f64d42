import { expect, test } from 'vitest';
import { createCharges } from '../charges/create-charges.ts';
import { createCredits } from '../credits/create-credits.ts';
import { createInvoices } from '../invoices/create-invoices.ts';
import type { Explanation } from '../payments.ts';
import { createPayouts } from '../payouts/create-payouts.ts';
import { createRefunds } from '../refunds/create-refunds.ts';
import { createExplain } from './create-explain.ts';
import { openPaidWeek, openProofTest } from './testing.ts';

const PAGE = { limit: 10 };

function textOf(explanation: Explanation): string {
  return explanation.lines.map((one) => `${'  '.repeat(one.depth)}${one.text}`).join('\n');
}

test('an order is explained by rule, version, rate and rounding', async () => {
  const week = await openPaidWeek();
  const { explain } = createExplain(week.finance);
  const discounted = await explain(week.orders[3]?.orderId ?? '');
  expect(discounted).toMatchObject({ subject: { kind: 'order' }, amountMinor: 8_455n });
  expect(textOf(discounted)).toMatch(
    /Discount 5 %: 10,120\.00 paid before this order, over 10,000\.00 \(R-21, rules [0-9a-f]{12}\), 89\.00 × 5 % = 4\.45/,
  );
  expect(textOf(discounted)).toMatch(/earns for order .*: 60 % of 89\.00 = 53\.40 \(R-23, rules/);
  expect(textOf(discounted)).toMatch(/Booked for 2026-11-23 by \S+ at .* as transaction/);
  const cancelled = textOf(await explain(week.second.orderId));
  expect(cancelled).toMatch(/No discount: 0\.00 paid before this order, not over 10,000\.00/);
  expect(cancelled).toMatch(/earns nothing for order .*: it was cancelled/);
  const failed = textOf(await explain(week.orders[4]?.orderId ?? ''));
  expect(failed).toMatch(/pays a penalty of 40\.00 for order .*, which failed \(worker-failed\)/);
});

test('an invoice is explained down to its orders, by id and by number, and adds up', async () => {
  const week = await openPaidWeek();
  const { explain } = createExplain(week.finance);
  const filter = { customerId: week.first.customerId };
  const { data } = await createInvoices(week.deps).list(filter, PAGE);
  const [invoice] = data;
  const byId = await explain(invoice?.id ?? '');
  expect(await explain(invoice?.number ?? '')).toEqual(byId);
  const orders = byId.lines.filter((one) => one.depth === 1 && one.text.startsWith('Order '));
  expect(orders.map((one) => one.amountMinor)).toEqual([1_012_000n, 8_455n]);
  expect(byId.amountMinor).toBe(1_020_455n);
  expect(textOf(byId)).toMatch(/ {4}Discount 5 %: 10,120\.00 paid before/);
  expect(textOf(byId)).toMatch(/Run [0-9a-f]{12} of 2026-W48 .* committed by \S+ at/);
  expect(textOf(byId)).toMatch(/Attempt 1 to charge: succeeded \(charge/);
  const charge = /\(charge ([0-9a-f-]{36})\)/.exec(textOf(byId))?.[1] ?? '';
  const charged = await explain(charge);
  expect(charged).toMatchObject({ subject: { kind: 'charge' }, amountMinor: 1_020_455n });
  expect(textOf(charged)).toMatch(/Taken by the provider as ch_sandbox/);
});

test('a payout is explained down to orders, credits and penalties, and adds up', async () => {
  const week = await openProofTest();
  const [order] = await week.endOrders([{ priceMinor: 8_900 }]);
  const { workerId = '' } = order ?? {};
  await week.endOrders([{ workerId, outcome: 'failed', priceMinor: 100 }]);
  const reason = 'Lamp replaced';
  const credits = createCredits(week.finance);
  const credit = await credits.credit({ workerId, amountMinor: 2_500n, reason });
  await week.openAccount(workerId);
  await week.payMonth();
  const { explain } = createExplain(week.finance);
  const { data } = await createPayouts(week.deps).list({ workerId }, PAGE);
  const payout = await explain(data[0]?.id ?? '');
  expect(payout.amountMinor).toBe(5_340n - 4_000n + 2_500n);
  const groups = payout.lines.slice(
    0,
    payout.lines.findIndex((one) => /^Payable/.test(one.text)),
  );
  const main = groups.filter((one) => one.depth === 0);
  expect(main.map((one) => [one.text, one.amountMinor])).toEqual([
    ['Completed orders: 1', 5_340n],
    ['Failed orders: 1', -4_000n],
    ['Credits: 1', 2_500n],
  ]);
  expect(textOf(payout)).toMatch(/60 % of 89\.00 = 53\.40/);
  expect(textOf(payout)).toMatch(/attempt 1 paid as tr_sandbox/);
  const explained = textOf(await explain(credit.id));
  expect(explained).toMatch(/Asked for by \S+ at .*: Lamp replaced/);
});

test('a negative balance that was carried over stands in the next payout', async () => {
  const week = await openProofTest();
  const [order] = await week.endOrders([{ outcome: 'failed', priceMinor: 100 }]);
  const { workerId = '' } = order ?? {};
  await week.openAccount(workerId);
  await week.payMonth();
  week.clock.moveTo(new Date('2026-12-10T10:00:00Z'));
  await week.endOrders([{ workerId, priceMinor: 10_000 }]);
  week.clock.moveTo(new Date('2026-12-31T20:00:00Z'));
  const payouts = createPayouts(week.deps);
  const { hash } = await payouts.plan({ period: '2026-12' });
  await payouts.commit(hash);
  const { data } = await payouts.list({ workerId }, PAGE);
  const payout = await createExplain(week.finance).explain(data[0]?.id ?? '');
  expect(payout.amountMinor).toBe(2_000n);
  expect(textOf(payout)).toMatch(/Completed orders: 1/);
  expect(textOf(payout)).toMatch(/Failed orders: 1/);
});

test('failed attempts and a refund are told with times and answers', async () => {
  const week = await openProofTest();
  const [order] = await week.endOrders([{ priceMinor: 8_900 }]);
  const { customerId = '' } = order ?? {};
  await week.giveCard(customerId, 'pm_card_chargeDeclinedInsufficientFunds');
  await week.invoiceWeek();
  await week.giveCard(customerId, 'pm_card_visa');
  const invoices = createInvoices(week.deps);
  const [invoice] = (await invoices.list({ customerId }, PAGE)).data;
  const number = invoice?.number ?? '';
  await createCharges(week.finance).retry(number);
  await createCharges(week.deps).chargeDue();
  const refunds = createRefunds(week.finance);
  const refund = await refunds.refund({ invoice: number, amountMinor: 900n, reason: 'Late' });
  await createRefunds(week.deps).refundDue();
  const { explain } = createExplain(week.finance);
  const text = textOf(await explain(number));
  expect(text).toMatch(/Attempt 1 to charge: failed, soft: insufficient_funds/);
  expect(text).toMatch(/Attempt \d to charge: succeeded/);
  expect(text).toMatch(/Refund [0-9a-f-]{36} of 9\.00, succeeded: Late/);
  const explained = await explain(refund.id);
  expect(textOf(explained)).toMatch(/9\.00 of the 89\.00 that attempt \d took/);
  expect(textOf(explained)).toMatch(/provider sandbox has it as re_sandbox/);
  expect((await week.proof.prove()).checks.filter((check) => !check.passed)).toEqual([]);
});

test('what there is not cannot be explained', async () => {
  const week = await openProofTest();
  const { explain } = createExplain(week.finance);
  const code = 'nothing_to_explain';
  await expect(explain('2026-W48-1')).rejects.toMatchObject({ code });
  const id = '01890000-0000-7000-8000-000000000000';
  await expect(explain(id)).rejects.toMatchObject({ code, kind: 'not_found' });
});

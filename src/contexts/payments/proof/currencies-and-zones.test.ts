import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../platform/clock.ts';
import { percentOf } from '../bookings/book-order.ts';
import { endOrders } from '../bookings/testing.ts';
import { createCharges } from '../charges/create-charges.ts';
import { createInvoices } from '../invoices/create-invoices.ts';
import { createPayouts } from '../payouts/create-payouts.ts';
import { createPeople } from '../people/create-people.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { createRefunds } from '../refunds/create-refunds.ts';
import { createSandboxProvider } from '../sandbox/create-sandbox-provider.ts';
import { submitSandboxPage } from '../sandbox/sandbox-page.ts';
import { openTestPayments } from '../testing.ts';
import { createProof } from './create-proof.ts';

// Week 53 ends on Sunday, 3 January 2027; each close is at 18:00 on the clock there.
const PLACES = [
  { currency: 'JPY', timeZone: 'Pacific/Apia', close: '2027-01-03T05:00:00Z', unit: 1n },
  { currency: 'KWD', timeZone: 'Asia/Kolkata', close: '2027-01-03T12:30:00Z', unit: 1000n },
  { currency: 'USD', timeZone: 'America/New_York', close: '2027-01-03T23:00:00Z', unit: 100n },
];

test.each(PLACES)(
  'week 53 in $currency and $timeZone is invoiced, charged, refunded, paid and proved',
  async (place) => {
    const { currency, timeZone, unit } = place;
    const close = new Date(place.close);
    const clock = createVirtualClock(new Date(close.getTime() - 6 * 86_400_000));
    const test = await openTestPayments({} as PaymentProvider, { clock, currency, timeZone });
    const { ids, publicUrl } = test.deps;
    const sandbox = { db: test.own.open('steward_payments_worker'), clock, ids, publicUrl };
    const provider = createSandboxProvider(sandbox);
    const deps = { ...test.deps, provider };
    const finance = { ...test.asFinance, provider };
    const [customerId, workerId] = [randomUUID(), randomUUID()];
    const order = { customerId, workerId, currency };
    const before = (ms: number) => new Date(close.getTime() - ms);
    await endOrders({ deps, main: test.main }, [
      { ...order, priceMinor: Number(10_000n * unit), endedAt: before(3 * 86_400_000) },
      { ...order, priceMinor: Number(unit), endedAt: before(3 * 86_400_000) },
      { ...order, priceMinor: Number(200n * unit), endedAt: before(1) },
      { ...order, priceMinor: Number(50n * unit), outcome: 'failed', endedAt: before(1) },
      { ...order, priceMinor: 7, endedAt: close },
    ]);
    const page = await createPeople(deps).openPage({
      kind: 'customer',
      subject: `token|${customerId}`,
    });
    await submitSandboxPage(sandbox, page.url.split('/').at(-1) ?? '', 'pm_card_visa');
    clock.moveTo(new Date(close.getTime() + 60_000));
    const invoices = createInvoices(deps);
    expect(await invoices.issueWeek('2026-W53')).toMatchObject({ outcome: 'committed' });
    // Over 10,000 units, 5 % off each order.
    const off = (amount: bigint) => amount - percentOf(amount, 5);
    const total = 10_001n * unit + off(200n * unit) + off(50n * unit);
    const [invoice] = (await invoices.list({}, { limit: 5 })).data;
    expect(invoice).toMatchObject({ period: '2026-W53', orders: 4, totalMinor: total, currency });
    await createCharges(deps).chargeDue();
    expect((await invoices.list({}, { limit: 5 })).data[0]).toMatchObject({ status: 'paid' });
    await createRefunds(finance).refund({
      invoice: invoice?.number ?? '',
      amountMinor: unit,
      reason: 'late',
    });
    await createRefunds(deps).refundDue();
    const account = await provider.createAccount({ idempotencyKey: 'a', personKey: workerId });
    const onboarding = await provider.openAccountPage({
      accountRef: account.ref,
      returnUrl: 'https://a.example',
    });
    await submitSandboxPage(sandbox, onboarding.url.split('/').at(-1) ?? '', 'ready');
    const payouts = createPayouts(finance);
    await payouts.setDestination(workerId, { method: 'provider', accountRef: account.ref });
    clock.moveTo(new Date('2027-02-01T12:00:00Z'));
    const { hash } = await payouts.plan({ period: '2027-01' });
    await payouts.commit(hash);
    expect(await createPayouts(deps).pay()).toMatchObject({ paid: 1 });
    const paid = [10_000n * unit, unit, 200n * unit, 7n].map((price) => percentOf(price, 60));
    const earned = paid.reduce((sum, one) => sum + one, -40n * unit);
    const payable = earned - (earned % provider.chargeStep(currency));
    const [payout] = (await payouts.list({}, { limit: 5 })).data;
    expect(payout).toMatchObject({ amountMinor: payable, currency });
    const proof = createProof(deps);
    for (const report of [await proof.prove(), await proof.reconcile({ from: before(9e8) })]) {
      expect(report.checks.flatMap((check) => check.violations)).toEqual([]);
    }
  },
);

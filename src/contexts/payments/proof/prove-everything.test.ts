import { expect, test } from 'vitest';
import { createCredits } from '../credits/create-credits.ts';
import { createInvoices } from '../invoices/create-invoices.ts';
import { createLedger } from '../ledger/create-ledger.ts';
import type { ProofReport } from '../payments.ts';
import { createPayouts } from '../payouts/create-payouts.ts';
import { createRefunds } from '../refunds/create-refunds.ts';
import { decideDispute } from '../sandbox/disputes.ts';
import { settleRefund } from '../sandbox/refunds.ts';
import { createProviderDesk } from '../webhooks/create-provider-desk.ts';
import { openProofTest } from './testing.ts';

const PAGE = { limit: 20 };

function violations(report: ProofReport): string[] {
  return report.checks.flatMap((check) => check.violations.map((text) => `${check.name}: ${text}`));
}

test('reversals, void invoices, refunds, disputes, claw backs and bank files leave it green', {
  timeout: 60_000,
}, async () => {
  const week = await openProofTest();
  const { proof, deps, finance, sandbox, provider, clock } = week;
  const orders = await week.endOrders([
    { priceMinor: 10_000 },
    { priceMinor: 20_000 },
    { priceMinor: 30_000 },
    { priceMinor: 40_000 },
  ]);
  const [disputed, lost, slow, unpaid] = orders;
  if (!disputed || !lost || !slow || !unpaid) throw new Error('There are four orders.');
  const [reversed] = await week.endOrders([{ ...unpaid, orderId: undefined, priceMinor: 5_000 }]);
  const ledger = createLedger(finance);
  const subject = { subjectKind: 'order', subjectId: reversed?.orderId };
  const booked = (await ledger.transactions(subject, PAGE)).data[0];
  await ledger.reverse(booked?.id ?? '', { reason: 'Never happened' });
  await week.endOrders([{ customerId: unpaid.customerId, priceMinor: 6_000 }]);
  const credits = createCredits(finance);
  const request = { workerId: slow.workerId, amountMinor: 700n, reason: 'Tools' };
  const credit = await credits.credit(request);
  await credits.credit({ ...request, amountMinor: 300n });
  await ledger.reverse(credit.transactionId ?? '', { reason: 'Wrong worker' });
  expect(violations(await proof.prove())).toEqual([]);

  await week.giveCard(disputed.customerId, 'pm_card_createDispute');
  await week.giveCard(lost.customerId, 'pm_card_createDispute');
  await week.giveCard(slow.customerId, 'pm_card_pendingRefund');
  await week.invoiceWeek();
  const desk = createProviderDesk({ ...deps, provider });
  const hear = async () => {
    await desk.pollEvents();
    await desk.processEvents();
  };
  await hear();
  expect(violations(await proof.prove())).toEqual([]);

  const invoices = createInvoices(finance);
  const invoiceOf = async (customerId: string) =>
    (await invoices.list({ customerId }, PAGE)).data[0]?.number ?? '';
  await invoices.void(await invoiceOf(unpaid.customerId), { reason: 'Wrong address' });
  const refunds = createRefunds(finance);
  const clawBack = { workerId: slow.workerId, amountMinor: 500n };
  const invoice = await invoiceOf(slow.customerId);
  await refunds.refund({ invoice, amountMinor: 1_000n, reason: 'Late', clawBack });
  await refunds.refund({ invoice, amountMinor: 2_000n, reason: 'Later', idempotencyKey: 'b' });
  await createRefunds(deps).refundDue();
  expect(violations(await proof.prove())).toEqual([]);

  const made = (await refunds.list({}, PAGE)).data;
  const refOf = (minor: bigint) =>
    made.find((one) => one.amountMinor === minor)?.providerRef ?? 'none';
  await settleRefund(sandbox, refOf(1_000n), 'failed');
  await settleRefund(sandbox, refOf(2_000n), 'succeeded');
  const disputes = (await refunds.disputes({}, PAGE)).data;
  for (const dispute of disputes) {
    await decideDispute(
      sandbox,
      dispute.providerRef,
      dispute.amountMinor === 10_000n ? 'won' : 'lost',
    );
  }
  await hear();
  const gone = disputes.find((one) => one.amountMinor === 20_000n)?.id ?? '';
  await refunds.clawBackDispute(gone, { workerId: lost.workerId, amountMinor: 100n });
  expect(violations(await proof.prove())).toEqual([]);

  const payouts = createPayouts(finance);
  for (const { workerId } of [disputed, lost]) {
    const iban = 'DE89370400440532013000';
    await payouts.setDestination(workerId, { method: 'bank', accountHolder: 'W', iban });
  }
  await week.openAccount(slow.workerId);
  await week.payMonth();
  const { rows } = await payouts.export({ name: 'november' });
  expect(violations(await proof.prove())).toEqual([]);
  const [paid, failed] = rows;
  await payouts.mark([
    { payoutId: paid?.payoutId ?? '', outcome: 'paid' },
    { payoutId: failed?.payoutId ?? '', outcome: 'failed', reason: 'No such account' },
  ]);
  expect(violations(await proof.prove({ full: true }))).toEqual([]);
  clock.advance(3 * 3_600_000);
  expect(violations(await proof.reconcile())).toEqual([]);
  expect((await proof.prove({ full: true })).green).toBe(true);
});

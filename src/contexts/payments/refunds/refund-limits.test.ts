import { expect, test } from 'vitest';
import { createCharges } from '../charges/create-charges.ts';
import { type ChargesTest, openChargesTest, readInvoice, seedInvoice } from '../charges/testing.ts';
import { createRefunds } from './create-refunds.ts';
import { syncDispute } from './sync-dispute.ts';

async function payInvoice(t: ChargesTest) {
  const seeded = await seedInvoice(t);
  await createCharges(t.deps).chargeDue();
  const { charges } = await readInvoice(t, seeded.invoiceId);
  return { ...seeded, chargeRef: charges[0]?.providerRef ?? '' };
}

const request = (invoice: string, amountMinor?: bigint) => ({
  invoice,
  reason: 'the window broke',
  ...(amountMinor !== undefined && { amountMinor }),
});

test("what the customer's bank has taken back is not refunded as well", async () => {
  const t = await openChargesTest();
  const { number, chargeRef } = await payInvoice(t);
  const { refund } = createRefunds(t.asFinance);
  const dispute = { ref: 'dp_1', chargeRef, reason: 'fraudulent', amountMinor: 10_000n };
  t.world.setDispute({ ...dispute, state: 'open' });
  await syncDispute(t.deps, 'dp_1');
  await expect(refund(request(number, 2_001n))).rejects.toMatchObject({
    code: 'refund_too_large',
    data: { leftMinor: '2000' },
  });
  t.world.setDispute({ ...dispute, state: 'won' });
  await syncDispute(t.deps, 'dp_1');
  expect(await refund(request(number))).toMatchObject({ amountMinor: 12_000n });
});

test('odd minor units that the provider cannot move are refused at once', async () => {
  const t = await openChargesTest();
  const { number } = await payInvoice(t);
  t.world.provider.chargeStep = () => 10n;
  const { refund } = createRefunds(t.asFinance);
  await expect(refund(request(number, 1_001n))).rejects.toMatchObject({
    code: 'invalid_input',
    issues: [{ path: 'amountMinor' }],
  });
  expect(await refund(request(number, 1_010n))).toMatchObject({ status: 'planned' });
});

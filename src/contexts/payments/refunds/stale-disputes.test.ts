import { expect, test } from 'vitest';
import { createCharges } from '../charges/create-charges.ts';
import { openChargesTest, readBalances, readInvoice, seedInvoice } from '../charges/testing.ts';
import type { ProviderDispute } from '../provider/provider.ts';
import { createRefunds } from './create-refunds.ts';
import { syncDispute } from './sync-dispute.ts';

/** Every pair of states that follow each other, and what is booked in the end. */
const PAIRS: [ProviderDispute['state'], ProviderDispute['state'], number | undefined][] = [
  ['warning', 'open', 12_000],
  ['warning', 'lost', 12_000],
  ['open', 'won', undefined],
  ['open', 'lost', 12_000],
];

test.each(PAIRS)(
  'who asked when a dispute was %s and writes after it is %s changes nothing',
  async (before, after, booked) => {
    const t = await openChargesTest();
    const { invoiceId } = await seedInvoice(t);
    await createCharges(t.deps).chargeDue();
    const chargeRef = (await readInvoice(t, invoiceId)).charges[0]?.providerRef ?? '';
    const dispute = { ref: 'dp_1', chargeRef, reason: 'fraudulent', amountMinor: 12_000n };
    t.world.setDispute({ ...dispute, state: before });
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    let asked = () => {};
    const hasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { provider } = t.deps;
    let first = true;
    const slow = {
      ...t.deps,
      provider: {
        ...provider,
        getDispute: async (ref: string) => {
          const told = await provider.getDispute(ref);
          if (first) {
            first = false;
            asked();
            await held;
          }
          return told;
        },
      },
    };
    const late = syncDispute(slow, 'dp_1');
    await hasAsked;
    t.world.setDispute({ ...dispute, state: after });
    await syncDispute(t.deps, 'dp_1');
    go();
    await late;
    expect((await readBalances(t)).disputes).toBe(booked);
    const { data } = await createRefunds(t.deps).disputes({}, { limit: 1 });
    expect(data[0]?.status).toBe(after);
  },
);

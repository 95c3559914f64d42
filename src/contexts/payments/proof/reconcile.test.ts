import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { PaymentsDependencies } from '../dependencies.ts';
import { createLedger } from '../ledger/create-ledger.ts';
import type { ProofReport } from '../payments.ts';
import { createPayouts } from '../payouts/create-payouts.ts';
import { refundByHand } from '../sandbox/refunds.ts';
import { reverseTransfer } from '../sandbox/transfers.ts';
import { createProviderDesk } from '../webhooks/create-provider-desk.ts';
import { createProof } from './create-proof.ts';
import { openPaidWeek } from './testing.ts';

const HOUR_MS = 3_600_000;

function violations(report: ProofReport): string[] {
  return report.checks.flatMap((check) => check.violations.map((text) => `${check.name}: ${text}`));
}

/** A provider that tells of its balance what `change` makes of it. */
function withBalance(
  deps: PaymentsDependencies,
  change: (entry: { kind: string; amountMinor: bigint; createdAt: Date }) => object | null,
): PaymentsDependencies {
  async function* listBalance(range: { from: Date; to: Date }) {
    for await (const entry of deps.provider.listBalance(range)) {
      const changed = change(entry);
      if (changed) yield { ...entry, ...changed };
    }
  }
  return { ...deps, provider: { ...deps.provider, listBalance } };
}

test('a week agrees with the provider, whose fees are booked once', async () => {
  const { deps, proof, clock } = await openPaidWeek();
  clock.advance(HOUR_MS);
  const report = await proof.reconcile();
  expect(violations(report)).toEqual([]);
  expect(report.green).toBe(true);
  expect(report.checks.map((check) => check.name)).toEqual([
    'missing',
    'extra',
    'amount',
    'timing',
  ]);
  // 2.9 % and 0.30 of 10,204.55, 139.00 and 120.00.
  const fees = { code: 'provider-fees', owner: '' };
  const { balance } = createLedger(deps);
  expect(await balance(fees)).toBe(29_593n + 30n + 403n + 30n + 348n + 30n);
  await proof.reconcile();
  expect(await balance(fees)).toBe(30_434n);
  expect((await proof.prove()).green).toBe(true);
});

test('what the provider has and the ledger has not is missing, once it had time to come', async () => {
  const { proof, clock, sandbox, provider, deps } = await openPaidWeek();
  const { rows } = await sql<{ ref: string }>`
    select ref from sandbox.charges where state = 'succeeded' order by amount_minor limit 1`.execute(
    sandbox.db,
  );
  const chargeRef = rows[0]?.ref ?? '';
  const request = { chargeRef, amountMinor: 500n, currency: 'USD' };
  const refund = await refundByHand(sandbox, request);
  expect(violations(await proof.reconcile())).toEqual([]);
  clock.advance(2 * HOUR_MS);
  const red = await proof.reconcile();
  expect(red.green).toBe(false);
  expect(violations(red)).toEqual([
    expect.stringMatching(new RegExp(`missing: .* -5.00 USD for refund ${refund.ref}`)),
  ]);
  const desk = createProviderDesk({ ...deps, provider });
  await desk.pollEvents();
  await desk.processEvents();
  expect(violations(await proof.reconcile())).toEqual([]);
  expect((await proof.prove()).green).toBe(true);
});

test('what the ledger has and the provider has not is extra', async () => {
  const { deps, clock } = await openPaidWeek();
  clock.advance(HOUR_MS);
  const forgetful = withBalance(deps, ({ kind }) => (kind === 'transfer' ? null : {}));
  const report = await createProof(forgetful).reconcile();
  expect(violations(report)).toHaveLength(2);
  expect(violations(report)[0]).toMatch(
    /extra: The ledger has -[\d.]+ USD for transfer payout-paid:[0-9a-f-]{36}:1/,
  );
});

test('another amount and another day are told', async () => {
  const { deps, clock } = await openPaidWeek();
  clock.advance(HOUR_MS);
  const wrong = withBalance(deps, ({ kind, amountMinor, createdAt }) => {
    if (kind === 'transfer') return { createdAt: new Date(createdAt.getTime() - 72 * HOUR_MS) };
    return amountMinor === 12_000n ? { amountMinor: 11_999n } : {};
  });
  const report = violations(await createProof(wrong).reconcile());
  expect(report).toContainEqual(
    expect.stringMatching(/amount: .* the provider has 119\.99 USD, but the ledger 120\.00 USD/),
  );
  expect(report).toContainEqual(
    expect.stringMatching(
      /timing: .* says 2026-11-27, but the ledger 2026-11-30: more than 2 days/,
    ),
  );
});

test('a transfer that was taken back and sent again agrees', async () => {
  const { proof, clock, sandbox, deps, provider, third } = await openPaidWeek();
  const { rows } = await sql<{ ref: string }>`
    select t.ref from sandbox.transfers t where amount_minor = 7200`.execute(sandbox.db);
  await reverseTransfer(sandbox, rows[0]?.ref ?? '');
  const desk = createProviderDesk({ ...deps, provider });
  await desk.pollEvents();
  await desk.processEvents();
  await createPayouts(deps).pay({ onlyFailed: true });
  const payable = { code: 'worker-payable', owner: third.workerId };
  expect(await createLedger(deps).balance(payable)).toBe(0n);
  clock.advance(2 * HOUR_MS);
  expect(violations(await proof.reconcile())).toEqual([]);
  expect((await proof.prove()).green).toBe(true);
});

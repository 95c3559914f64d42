import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findDirectCommand } from '../src/cli/direct-command.ts';
import type { StewardCommand } from '../src/cli/steward-command.ts';
import { endOrders } from '../src/contexts/payments/bookings/testing.ts';
import { decideDispute } from '../src/contexts/payments/sandbox/disputes.ts';
import { periodOf } from '../src/platform/jobs/period.ts';
import { COMMANDS, openWeek } from './payments-desk.ts';

const IDS = globSync('payments/**/*.ts', { cwd: COMMANDS })
  .map((file) => file.replace(/(\/index)?\.ts$/, '').replaceAll('/', ' '))
  .sort();
const DAY_MS = 86_400_000;

async function loadCommand(id: string): Promise<typeof StewardCommand> {
  const found = findDirectCommand(id.split(' '), COMMANDS);
  if (!found) throw new Error(`There is no file for "${id}".`);
  return (await import(pathToFileURL(found.file).href)).default;
}

describe('the help of payments', () => {
  test.each(IDS)('%s says what it does, with examples whose flags it knows', async (id) => {
    const command = await loadCommand(id);
    expect(command.summary).toMatch(/^[A-Z].*\.$/s);
    const examples = (command.examples ?? []).map(String);
    expect(examples.length).toBeGreaterThan(0);
    const known = new Set([...Object.keys(command.flags ?? {}), 'json']);
    for (const example of examples) {
      const flags = [...example.matchAll(/ --(?:no-)?([a-z-]+)/g)].map(([, name]) => name ?? '');
      expect(flags.filter((name) => !known.has(name))).toEqual([]);
    }
  });
});

type Desk = Awaited<ReturnType<typeof openWeek>>;

/** The week. */
async function issueAndCharge(desk: Desk) {
  const { json, refused, good, disputed } = desk;
  expect((await json('payments', 'ledger')).sumMinor).toBe(0);
  const lean = ['--only', good.customerId, '--except', disputed.customerId];
  expect(await refused('payments', 'invoices', 'plan', ...lean)).toBe('reason_needed');
  const plan = await json('payments', 'invoices', 'plan');
  expect(plan).toMatchObject({ people: 2, items: 2, totalMinor: 42_000, status: 'planned' });
  const hard = plan.gates.filter((gate: { hard: boolean }) => gate.hard);
  expect(hard.filter((gate: { passed: boolean }) => !gate.passed)).toEqual([]);
  expect(await refused('payments', 'invoices', 'commit', plan.hash)).toBe('confirmation_needed');
  const tried = await json('payments', 'invoices', 'commit', plan.hash, '--dry-run');
  expect(tried).toMatchObject({ applied: false, run: { status: 'planned' } });
  const commit = ['payments', 'invoices', 'commit', plan.hash.slice(0, 12), '--yes'];
  expect(await json(...commit)).toMatchObject({ applied: true, run: { status: 'committed' } });
  expect(await json(...commit)).toMatchObject({ applied: false });
  expect((await json('payments', 'invoices', 'runs')).data).toHaveLength(1);

  const due = await json('payments', 'charges', 'send', '--dry-run');
  expect(due.due).toHaveLength(2);
  const sent = await json('payments', 'charges', 'send', '--yes');
  expect(sent.charges).toMatchObject({ sent: 2, succeeded: 2, failed: 0 });
  const invoices = await json('payments', 'invoices', '--status', 'paid');
  expect(invoices.total).toEqual({ count: 2, amountMinor: 42_000, currency: 'USD' });
  expect(await json('payments', 'invoices', 'list', '--customer', good.customerId)).toMatchObject({
    data: [{ totalMinor: 12_000 }],
    nextCursor: null,
  });
  const { number } = invoices.data.find(
    (one: { customerId: string }) => one.customerId === good.customerId,
  );
  const invoice = await json('payments', 'invoices', 'show', number);
  expect(invoice.lines).toMatchObject([{ orderId: good.orderId, netMinor: 12_000 }]);
  expect(await refused('payments', 'invoices', 'void', number, '--reason', 'x', '--yes')).toBe(
    'invoice_not_voidable',
  );
  const charges = await json('payments', 'charges', '--status', 'succeeded');
  expect((await json('payments', 'charges', 'list', '--invoice', number)).data).toHaveLength(1);
  const [charge] = charges.data;
  expect((await json('payments', 'charges', 'show', charge.id)).steps.length).toBeGreaterThan(1);
  expect((await json('payments', 'charges', 'ask', charge.id)).status).toBe('succeeded');
  expect(await refused('payments', 'charges', 'retry', number, '--yes')).toBe(
    'invoice_not_chargeable',
  );
  return { number, chargeId: charge.id };
}

/** A customer without a payment method. */
async function waitForMethod(desk: Desk) {
  const { json, good } = desk;
  const [late] = await endOrders(desk, [{ workerId: good.workerId, endedAt: desk.endedAt }]);
  const lateHash = (await json('payments', 'invoices', 'plan')).hash;
  await json('payments', 'invoices', 'commit', lateHash, '--yes');
  const waits = (await json('payments', 'invoices', '--status', 'open')).data[0];
  expect(waits.customerId).toBe(late?.customerId);
  const retry = ['payments', 'charges', 'retry', waits.number];
  expect(await json(...retry, '--dry-run')).toMatchObject({ applied: false });
  expect(await json(...retry, '--yes')).toMatchObject({ charge: { status: 'planned' } });
  const voided = ['payments', 'invoices', 'void', waits.number, '--reason', 'wrong address'];
  expect(await json(...voided, '--dry-run')).toMatchObject({ applied: false });
  expect((await json('payments', 'invoices', 'show', waits.number)).status).toBe('open');
  expect((await json(...voided, '--yes')).invoice.status).toBe('void');
}

/** Money that goes back. */
async function payBack(desk: Desk, number: string) {
  const { json, good, disputed, listen } = desk;
  const refund = ['payments', 'refund', number, '--amount', '20.00', '--reason', 'late'];
  expect(await json(...refund, '--dry-run')).toMatchObject({
    applied: false,
    refund: { amountMinor: 2_000 },
  });
  expect((await json('payments', 'refunds')).data).toEqual([]);
  const clawed = ['--claw-back-worker', good.workerId, '--claw-back-amount', '5'];
  expect(await json(...refund, ...clawed, '--yes')).toMatchObject({
    applied: true,
    refund: { clawBack: { workerId: good.workerId, amountMinor: 500 } },
  });
  expect((await json('payments', 'charges', 'send', '--yes')).refunds).toMatchObject({
    succeeded: 1,
  });
  expect((await json('payments', 'refunds', 'list', '--invoice', number)).total.amountMinor).toBe(
    2_000,
  );
  await listen();
  const [dispute] = (await json('payments', 'disputes')).data;
  expect(dispute).toMatchObject({ status: 'open', amountMinor: 30_000 });
  await decideDispute(desk.box, dispute.providerRef, 'lost');
  await listen();
  expect((await json('payments', 'disputes', 'list', '--status', 'lost')).data).toHaveLength(1);
  const claw = [
    'payments',
    'claw-back',
    dispute.id,
    '--worker',
    disputed.workerId,
    '--amount',
    '7.50',
  ];
  expect((await json(...claw, '--dry-run')).applied).toBe(false);
  expect((await json(...claw, '--yes')).dispute.clawBack.amountMinor).toBe(750);
  return dispute.id;
}

/** Credits: over the limit somebody else has to approve. */
async function creditWorkers(desk: Desk) {
  const { json, refused, good } = desk;
  const credit = ['payments', 'credit', good.workerId];
  expect(await json(...credit, '25.50', '--reason', 'taxi', '--dry-run')).toMatchObject({
    applied: false,
  });
  expect((await json('payments', 'credits')).data).toEqual([]);
  const booked = await json(...credit, '25.50', '--reason', 'taxi', '--key', 'taxi-7', '--yes');
  expect(booked.credit).toMatchObject({ status: 'booked', amountMinor: 2_550 });
  const again = await json(...credit, '25.50', '--reason', 'taxi', '--key', 'taxi-7', '--yes');
  expect(again.credit.id).toBe(booked.credit.id);
  expect(
    (await json(...credit, '--amount', '-1', '--reason', 'too much', '--yes')).credit.amountMinor,
  ).toBe(-100);
  const large = (await json(...credit, '501', '--reason', 'bonus', '--yes')).credit;
  expect(large).toMatchObject({ status: 'requested', needsApproval: true });
  expect(await refused('payments', 'approve', large.id)).toBe('same_manager');
  const other = (await json(...credit, '502', '--reason', 'bonus', '--yes')).credit;
  await desk.logIn();
  expect((await json('payments', 'approve', large.id)).status).toBe('booked');
  expect((await json('payments', 'reject', other.id, '--reason', 'once is enough')).status).toBe(
    'rejected',
  );
  expect((await json('payments', 'credits', 'list', '--status', 'booked')).data).toHaveLength(3);
  return { creditId: booked.credit.id, largeId: large.id };
}

/** The month. */
async function payWorkers(desk: Desk) {
  const { json, disputed } = desk;
  const file = join(desk.home, 'file.xlsx');
  const hold = ['payments', 'payouts', 'hold', disputed.workerId, '--reason', 'under review'];
  expect((await json(...hold)).held).toBe(true);
  expect((await json('payments', 'payouts', 'holds')).data).toMatchObject([
    { reason: 'under review' },
  ]);
  expect((await json('payments', 'payouts', 'release', disputed.workerId)).held).toBe(false);
  const destination = ['payments', 'payouts', 'destination', disputed.workerId];
  const bank = ['--bank', '--holder', 'Ann Smith', '--iban', 'DE89370400440532013000'];
  expect((await json(...destination, ...bank)).destination.method).toBe('bank');
  const month = await json('payments', 'payouts', 'plan');
  expect(month).toMatchObject({ kind: 'payouts', people: 2 });
  expect(await json('payments', 'payouts', 'commit', month.hash, '--yes')).toMatchObject({
    applied: true,
  });
  expect((await json('payments', 'payouts', 'runs', '--period', month.period)).data).toHaveLength(
    1,
  );
  expect((await json('payments', 'payouts', 'pay', '--dry-run')).results).toMatchObject([
    { outcome: 'would-send' },
  ]);
  expect(await json('payments', 'payouts', 'pay', '--yes')).toMatchObject({
    applied: true,
    paid: 1,
    failed: 0,
  });
  expect(
    (await json('payments', 'payouts', 'export', '--to', file, '--dry-run')).rows,
  ).toHaveLength(1);
  const exported = await json('payments', 'payouts', 'export', '--to', file);
  expect(exported).toMatchObject({ applied: true, file, rows: [{ accountHolder: 'Ann Smith' }] });
  expect(await json('payments', 'payouts', 'mark', '--file', file)).toMatchObject({
    applied: false,
    payouts: [],
  });
  const [{ payoutId }] = exported.rows;
  const failed = ['--failed', '--reason', 'account closed', '--yes'];
  expect((await json('payments', 'payouts', 'mark', payoutId, ...failed)).payouts).toMatchObject([
    { status: 'failed' },
  ]);
  expect((await json('payments', 'payouts', 'show', payoutId)).failureCode).toBe('account closed');
  expect((await json('payments', 'payouts')).data).toHaveLength(2);
  expect((await json('payments', 'payouts', 'list', '--status', 'paid')).data).toHaveLength(1);
  return payoutId;
}

/** Why it is so, and whether it is right. */
async function explainAndProve(desk: Desk, ids: readonly string[]) {
  const { json } = desk;
  for (const id of ids) {
    expect((await json('payments', 'explain', id)).lines.length).toBeGreaterThan(0);
  }
  expect(await json('payments', 'prove', '--full')).toMatchObject({ kind: 'prove', green: true });
  expect(await json('payments', 'reconcile')).toMatchObject({ kind: 'reconcile', green: true });
  expect((await json('payments', 'proofs')).data).toHaveLength(2);
  expect((await json('payments', 'proofs', 'list', '--kind', 'prove')).data).toHaveLength(1);
}

/** The ledger. */
async function keepLedger(desk: Desk, creditId: string) {
  const { json, refused, disputed } = desk;
  const { rows, sumMinor } = await json('payments', 'ledger', 'trial-balance');
  expect(rows.length).toBeGreaterThan(10);
  expect(sumMinor).toBe(0);
  const payable = await json('payments', 'ledger', 'balance', 'worker-payable', disputed.workerId);
  const accounts = await json('payments', 'ledger', 'accounts', '--owner', disputed.workerId);
  expect(accounts.data).toMatchObject([
    { code: 'worker-payable', balanceMinor: payable.balanceMinor },
  ]);
  expect(await refused('payments', 'ledger', 'balance', 'nonsense')).toBe('invalid_input');
  const about = await json('payments', 'ledger', 'transactions', '--subject', `credit/${creditId}`);
  const [transaction] = about.data;
  expect((await json('payments', 'ledger', 'show', transaction.id)).postings).toHaveLength(2);
  const reverse = ['payments', 'ledger', 'reverse', transaction.id, '--reason', 'twice'];
  expect((await json(...reverse, '--dry-run')).applied).toBe(false);
  expect((await json(...reverse, '--yes')).reversal.reverses).toBe(transaction.id);
  const past = periodOf('month', new Date(desk.endedAt.getTime() - 62 * DAY_MS), 'UTC').key;
  expect(await json('payments', 'ledger', 'close', past, '--dry-run')).toMatchObject({
    applied: false,
  });
  expect(await json('payments', 'ledger', 'close', past, '--yes')).toMatchObject({ applied: true });
  expect((await json('payments', 'ledger', 'closed')).data).toMatchObject([{ month: past }]);
}

/** Statements. */
async function writeStatements(desk: Desk) {
  const { json, refused, good } = desk;
  const file = join(desk.home, 'file.xlsx');
  const from = ['--from', desk.endedAt.toISOString().slice(0, 10)];
  const owed = await json('payments', 'statement', '--customer', good.customerId, ...from);
  expect(owed.lines.at(-1).balanceMinor).toBe(owed.closingMinor);
  const wide = ['payments', 'statement', '--account', 'worker-payable', '--owner', good.workerId];
  const kept = await json(...wide, ...from);
  const sheet = await json(
    'payments',
    'statement',
    '--worker',
    good.workerId,
    ...from,
    '--xlsx',
    file,
  );
  expect(sheet.lines).toBe(kept.lines.length);
  expect(await refused('payments', 'statement')).toBe('whose_statement');
}

test('finance runs a week and a month from the command line, every command with --json', async () => {
  const desk = await openWeek();
  const { number, chargeId } = await issueAndCharge(desk);
  await waitForMethod(desk);
  const disputeId = await payBack(desk, number);
  const { creditId, largeId } = await creditWorkers(desk);
  const payoutId = await payWorkers(desk);
  const ids = [number, chargeId, payoutId, desk.good.orderId, disputeId, largeId];
  await explainAndProve(desk, ids);
  await keepLedger(desk, creditId);
  await writeStatements(desk);
  expect([...desk.ran].sort()).toEqual(IDS);
}, 120_000);

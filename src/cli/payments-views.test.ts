import { describe, expect, test } from 'vitest';
import type { Charge, GateResult, PlannedPerson, Run } from '../contexts/payments/index.ts';
import { EXIT } from './exit-codes.ts';
import { canRetry, isDue, nextForCharge } from './payments-charge-view.ts';
import { subjectOf } from './payments-ledger-view.ts';
import { marksOf, payExitCode } from './payments-payout-view.ts';
import { explanationLines, violationLines } from './payments-proof-view.ts';
import { nextAfterPlan, openRun, plannedColumns, usualText } from './payments-run-view.ts';
import { framedRows, statementOf } from './payments-statement.ts';
import { renderTable } from './table.ts';

const NOW = new Date('2026-11-29T18:00:00Z');
const NEVER = new Date('9999-12-31T00:00:00Z');

const run = (change: Partial<Run> = {}) =>
  ({
    kind: 'invoices',
    period: '2026-W48',
    hash: '3f9c1d2ab0471122',
    gates: [],
    status: 'planned',
    plannedAt: NOW,
    committedAt: null,
    ...change,
  }) as unknown as Run;

const gate = (name: GateResult['gate'], hard: boolean): GateResult => ({
  gate: name,
  hard,
  passed: false,
  detail: '',
});

describe('a plan', () => {
  test('is committed next, by a hash that can be copied', () => {
    expect(nextAfterPlan(run())).toEqual(['payments invoices commit 3f9c1d2ab047']);
    expect(nextAfterPlan(run({ gates: [gate('total-usual', false)] }))).toHaveLength(1);
  });

  test('with a hard gate that has tripped says how to mend it first', () => {
    expect(nextAfterPlan(run({ gates: [gate('proof-green', true)] }))).toEqual([
      'payments prove',
      'payments invoices commit 3f9c1d2ab047 --despite "<reason>"',
    ]);
  });

  test('waits for somebody until its period is committed or planned anew', () => {
    const later = new Date(NOW.getTime() + 1);
    const other = run({ period: '2026-W47' });
    expect(openRun([run(), other])).toMatchObject({ period: '2026-W48' });
    const committed = run({ status: 'committed', committedAt: later });
    expect(openRun([committed, run()])).toBeUndefined();
    const anew = run({ plannedAt: later, hash: 'anew' });
    expect(openRun([run(), anew])?.hash).toBe('anew');
  });

  test('tells how much an amount differs from the usual one', () => {
    const text = (amountMinor: bigint, usualMinor: bigint | null) =>
      usualText({ amountMinor, usualMinor }, 'USD');
    expect(text(50_000n, null)).toBe('first');
    expect(text(50_000n, 10_000n)).toBe('100.00 (×5.0)');
    expect(text(11_000n, 10_000n)).toBe('100.00');
    expect(text(11_000n, 0n)).toBe('0.00');
  });

  test('shows people by name with the id to type, and remarks only where there are any', () => {
    const person: PlannedPerson = {
      ...{ id: '019a-1', items: 2, priceMinor: 10_000n, discountMinor: 0n, amountMinor: 10_000n },
      ...{ usualMinor: null, left: null },
    };
    const names = new Map([['019a-1', 'Ann Smith']]);
    const look = { currency: 'USD', names, odd: new Set<string>() };
    const render = (shown: PlannedPerson[]) =>
      renderTable(plannedColumns('invoices', shown, look), shown, {
        width: undefined,
        color: false,
      });
    expect(render([person])).toEqual([
      'customer   orders   price  discount  amount USD  usual  id',
      'Ann Smith       2  100.00         –      100.00  first  019a-1',
    ]);
    const held = { ...person, left: 'held: under review' };
    expect(render([held])[1]).toContain('left out: held: under review');
  });
});

describe('charges', () => {
  const charge = (change: Partial<Charge>) =>
    ({ id: '019b', invoiceNumber: '2026-W48-000001', dueAt: NOW, ...change }) as Charge;

  test('are due when their time has come, not while they wait for a payment method', () => {
    expect(isDue(charge({ status: 'planned' }), NOW)).toBe(true);
    expect(isDue(charge({ status: 'planned' }), new Date(NOW.getTime() - 1))).toBe(false);
    expect(isDue(charge({ status: 'planned', dueAt: NEVER }), new Date('9999-12-31'))).toBe(false);
    expect(isDue(charge({ status: 'unknown' }), NOW)).toBe(true);
    expect(isDue(charge({ status: 'succeeded' }), NOW)).toBe(false);
  });

  test('are tried again only where nothing is paid, void or under way', () => {
    const one = (status: Charge['status']) => [charge({ status })];
    expect(canRetry({ status: 'open', charges: one('failed') })).toBe(true);
    expect(canRetry({ status: 'past_due', charges: one('planned') })).toBe(true);
    expect(canRetry({ status: 'open', charges: one('unknown') })).toBe(false);
    expect(canRetry({ status: 'paid', charges: one('succeeded') })).toBe(false);
    expect(canRetry({ status: 'void', charges: one('cancelled') })).toBe(false);
  });

  test('in doubt are asked after, never sent again', () => {
    expect(nextForCharge(charge({ status: 'unknown' }))).toBe('payments charges ask 019b');
    const failed = nextForCharge(charge({ status: 'failed' }));
    expect(failed).toBe('payments charges retry 2026-W48-000001');
  });
});

describe('payouts', () => {
  test('end with 3 when some were not paid, and with 1 when nobody was', () => {
    const report = { paid: 0, failed: 0, unknown: 0, waiting: 4, results: [] };
    expect(payExitCode(report)).toBe(EXIT.done);
    expect(payExitCode({ ...report, paid: 5, failed: 1 })).toBe(EXIT.partly);
    expect(payExitCode({ ...report, paid: 5, unknown: 1 })).toBe(EXIT.partly);
    expect(payExitCode({ ...report, failed: 1 })).toBe(EXIT.failed);
  });

  test('are marked by ids or by a file, with an outcome', () => {
    expect(marksOf(['a', 'b'], { failed: true, reason: 'closed' })).toEqual([
      { payoutId: 'a', outcome: 'failed', reason: 'closed' },
      { payoutId: 'b', outcome: 'failed', reason: 'closed' },
    ]);
    expect(marksOf([], { file: 'bank.xlsx' })).toEqual([]);
    expect(() => marksOf(['a'], {})).toThrow(/Say which payouts/);
    expect(() => marksOf(['a'], { file: 'bank.xlsx' })).toThrow(/not both/);
  });
});

describe('statements', () => {
  test('are of exactly one person or account', () => {
    expect(statementOf({ account: 'bank' })).toEqual({ kind: 'account', code: 'bank', owner: '' });
    expect(() => statementOf({})).toThrow(/whose statement/);
    expect(() => statementOf({ customer: '1', worker: '2' })).toThrow(/whose statement/);
  });

  test('begin with the opening on the first page and end with the closing on the last', () => {
    const row = { day: '2026-11-24', text: 'charge', about: null };
    const page = {
      ...{ from: '2026-11-01', to: '2026-11-30', openingMinor: 5n, closingMinor: 12n },
      rows: [{ ...row, amountMinor: 7n, balanceMinor: 12n }],
      nextCursor: null,
      statement: {} as never,
    };
    const texts = (next: string | null, isFirst: boolean) =>
      framedRows({ ...page, nextCursor: next }, isFirst).map((one) => one.text);
    expect(texts(null, true)).toEqual(['Opening balance', 'charge', 'Closing balance']);
    expect(texts('more', true)).toEqual(['Opening balance', 'charge']);
    expect(texts(null, false)).toEqual(['charge', 'Closing balance']);
  });
});

test('a subject is an id, a kind, or both', () => {
  expect(subjectOf('order/019a')).toEqual({ subjectKind: 'order', subjectId: '019a' });
  expect(subjectOf('order')).toEqual({ subjectKind: 'order' });
  expect(subjectOf('019ab0c2-7c1e')).toEqual({ subjectId: '019ab0c2-7c1e' });
  expect(subjectOf(undefined)).toEqual({});
});

test('an explanation aligns amounts at the left and wraps sentences beside them', () => {
  const lines = [
    { depth: 0, text: '2 orders', amountMinor: 123_450n },
    { depth: 1, text: 'a sentence that is longer than what fits', amountMinor: -500n },
    { depth: 0, text: 'no amount', amountMinor: null },
  ];
  expect(explanationLines({ lines, currency: 'USD' }, 43)).toEqual([
    '1234.50  2 orders',
    '  -5.00    a sentence that is longer than',
    '           what fits',
    '         no amount',
  ]);
});

test('violations beyond ten are counted unless all are asked for', () => {
  const violations = Array.from({ length: 12 }, (_, index) => `order ${index}`);
  const check = { name: 'x', passed: false, checked: 12, violations };
  expect(violationLines(check, false)).toHaveLength(11);
  expect(violationLines(check, false).at(-1)).toBe('- and 2 more: --all shows them');
  expect(violationLines(check, true)).toHaveLength(12);
});

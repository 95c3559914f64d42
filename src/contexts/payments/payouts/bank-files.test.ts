import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { writeWorkbook } from '../../../sheets/index.ts';
import { type TestCell, tableCells, workbookFile } from '../../../sheets/testing.ts';
import type { BankRow } from '../payments.ts';
import { paymentsRulesSchema } from '../rules.ts';
import { bankFileSheet, readBankFile } from './bank-file-sheet.ts';
import { openPayouts, PAGE } from './testing.ts';

const IBAN = 'LV80BANK0000435195001';

/** Three workers, paid by bank, whose payouts of 60, 30 and 12 are committed. */
async function openBank() {
  const t = await openPayouts();
  const workers = await t.earn(6_000, 3_000, 1_200);
  for (const [index, worker] of workers.entries()) {
    await t.finance.setDestination(worker, {
      method: 'bank',
      accountHolder: ` Worker ${index} `,
      iban: 'lv80 bank 0000 4351 9500 1',
    });
  }
  await t.commit();
  return { t, workers };
}

describe('a bank file', () => {
  test('holds what is planned for the bank, once; by its name it is the same for ever', async () => {
    const { t, workers } = await openBank();
    const dry = await t.finance.export({ dryRun: true });
    expect(dry.rows).toHaveLength(3);
    const { name, rows } = await t.finance.export({});
    expect(name).toBe('payouts-2026-11-30-1');
    expect(rows).toEqual(dry.rows);
    expect(rows.find((row) => row.workerId === workers[0])).toMatchObject({
      accountHolder: 'Worker 0',
      iban: IBAN,
      amountMinor: 6_000n,
    });
    for (const row of rows) expect(row.reference.length).toBeLessThanOrEqual(35);
    expect((await t.finance.list({ status: 'exported' }, PAGE)).total.amountMinor).toBe(10_200n);
    await expect(t.finance.export({})).rejects.toMatchObject({ code: 'nothing_to_export' });
    await expect(t.finance.export({ name: 'another' })).rejects.toMatchObject({
      code: 'bank_file_not_found',
    });
    await t.finance.setDestination(workers[0] ?? '', {
      method: 'bank',
      accountHolder: 'Moved',
      iban: 'DE89370400440532013000',
    });
    expect(await t.finance.export({ name })).toEqual({ name, rows });
    expect(await t.payouts.pay()).toMatchObject({ results: [] });
    expect(t.world.calls).toEqual([]);
  });

  test('ten exports at once put each payout into one file', async () => {
    const { t } = await openBank();
    const files = await Promise.allSettled(Array.from({ length: 10 }, () => t.finance.export({})));
    const done = files.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(done.flatMap((one) => one.rows)).toHaveLength(3);
  });

  test('leaves out who is held back or has no account; a change of mind moves what is planned', async () => {
    const t = await openPayouts({
      rules: paymentsRulesSchema.parse({ payouts: { defaultMethod: 'bank' } }),
    });
    const [anna = '', boris = '', clara = ''] = await t.earn(6_000, 3_000, 1_200);
    await t.own.db
      .deleteFrom('payments.payout_destinations')
      .where('worker_id', 'in', [anna, boris])
      .execute();
    await t.commit();
    await expect(t.finance.export({})).rejects.toMatchObject({ code: 'nothing_to_export' });
    expect(await t.finance.destination(anna)).toEqual({
      method: 'bank',
      accountHolder: '',
      iban: '',
    });
    for (const worker of [anna, boris, clara]) {
      await t.finance.setDestination(worker, { method: 'bank', accountHolder: 'A', iban: IBAN });
    }
    await t.finance.hold(boris, 'A complaint');
    const { rows } = await t.finance.export({});
    expect(rows.map((row) => row.workerId).sort()).toEqual([anna, clara].sort());
    await t.finance.setDestination(boris, { method: 'provider', accountRef: 'acct_boris' });
    await t.finance.release(boris);
    expect(await t.payouts.pay()).toMatchObject({ paid: 1 });
  });

  test('an IBAN whose check digits are wrong is no destination', async () => {
    const { t, workers } = await openBank();
    await expect(
      t.finance.setDestination(workers[0] ?? '', {
        method: 'bank',
        accountHolder: '',
        iban: 'LV81BANK0000435195001',
      }),
    ).rejects.toMatchObject({
      code: 'invalid_input',
      issues: [{ path: 'accountHolder' }, { path: 'iban' }],
    });
  });
});

describe('marking what the bank said', () => {
  test('books paid out of the bank and failed back to the worker; again it changes nothing', async () => {
    const { t, workers } = await openBank();
    const { rows } = await t.finance.export({});
    const marks = rows.map(({ payoutId, workerId }) =>
      workerId === workers[1]
        ? { payoutId, outcome: 'failed' as const, reason: 'Account closed' }
        : { payoutId, outcome: 'paid' as const },
    );
    const dry = await t.finance.mark(marks, { dryRun: true });
    expect(dry.map((one) => one.status).sort()).toEqual(['failed', 'paid', 'paid']);
    expect(await t.owed('bank')).toBe(0n);
    const done = await t.finance.mark(marks);
    expect(done.map((one) => one.id)).toEqual(marks.map((one) => one.payoutId));
    expect(await t.finance.mark(marks)).toEqual(done);
    expect(await t.owed('bank')).toBe(7_200n);
    expect(await t.owed('worker-payable', workers[1])).toBe(3_000n);
    expect(await t.owed('payouts-in-transit')).toBe(0n);
    expect(await t.mails()).toEqual([
      'payout-failed finance',
      'payout-sent worker',
      'payout-sent worker',
    ]);
  });

  test('marks all or nothing', async () => {
    const { t } = await openBank();
    const { rows } = await t.finance.export({});
    const [one = '', two = ''] = rows.map((row) => row.payoutId);
    await t.finance.mark([{ payoutId: one, outcome: 'failed' }]);
    const paid = (payoutId: string) => ({ payoutId, outcome: 'paid' as const });
    await expect(t.finance.mark([paid(two), paid(one)])).rejects.toMatchObject({
      code: 'payout_not_exported',
      issues: [{ path: one, message: 'is failed, expected exported' }],
    });
    await expect(
      t.finance.mark([paid(two), paid('00000000-0000-7000-8000-000000000000')]),
    ).rejects.toMatchObject({ code: 'payout_not_found' });
    await expect(
      t.finance.mark([paid(two), { payoutId: two, outcome: 'failed' }]),
    ).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await t.finance.get(two)).status).toBe('exported');
    expect(await t.owed('bank')).toBe(0n);
  });

  test('marked by ten at once, the money leaves the bank once; given back later, it returns', async () => {
    const { t, workers } = await openBank();
    const { rows } = await t.finance.export({});
    const marks = rows.map(({ payoutId }) => ({ payoutId, outcome: 'paid' as const }));
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        t.finance.mark(i % 2 === 0 ? marks : marks.toReversed()),
      ),
    );
    expect(await t.owed('bank')).toBe(10_200n);
    const { id } = await t.payoutOf(workers[0] ?? '');
    await t.finance.mark([{ payoutId: id, outcome: 'failed', reason: 'Returned' }]);
    expect(await t.owed('bank')).toBe(4_200n);
    expect(await t.owed('worker-payable', workers[0])).toBe(6_000n);
  });
});

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bank-file-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'payouts.xlsx');
}

const HEADERS = [
  'Payout',
  'Worker',
  'Account holder',
  'IBAN',
  'Amount',
  'Currency',
  'Reference',
  'Status',
  'Reason',
];

/** The exported rows as a bank's clerk would give them back. */
function marked(
  rows: readonly BankRow[],
  change: (cells: (TestCell | null)[], index: number) => void,
): Buffer {
  const lines = rows.map((row, index) => {
    const { payoutId, workerId, accountHolder, iban, amountMinor, reference } = row;
    const amount = Number(amountMinor) / 100;
    const cells = [payoutId, workerId, accountHolder, iban, amount, 'USD', reference, null, null];
    change(cells, index);
    return cells;
  });
  return workbookFile({ sheets: [{ name: 'Payouts', cells: tableCells([HEADERS, ...lines]) }] });
}

describe('a bank file that comes back', () => {
  test('as it was exported says nothing', async () => {
    const { t } = await openBank();
    const { rows } = await t.finance.export({});
    const path = await temporaryFile();
    await writeWorkbook(path, [bankFileSheet(rows, 'USD')]);
    expect(await readBankFile(t.finance, path, 'USD')).toMatchObject({
      marks: [],
      unmarked: 3,
      known: 0,
      faults: [],
    });
  });

  test('says what the bank said, and once marked that it is known', async () => {
    const { t } = await openBank();
    const { rows } = await t.finance.export({});
    const file = marked(rows, (cells, index) => {
      if (index === 0) cells[7] = 'Paid';
      if (index === 1) cells.splice(7, 2, 'failed', 'Account closed');
    });
    const reading = await readBankFile(t.finance, file, 'USD');
    expect(reading).toMatchObject({ unmarked: 1, known: 0, faults: [] });
    expect(reading.marks).toEqual([
      { payoutId: rows[0]?.payoutId, outcome: 'paid' },
      { payoutId: rows[1]?.payoutId, outcome: 'failed', reason: 'Account closed' },
    ]);
    await t.finance.mark(reading.marks);
    expect(await readBankFile(t.finance, file, 'USD')).toMatchObject({
      marks: [],
      unmarked: 1,
      known: 2,
      faults: [],
    });
  });

  test('with another amount, account or payout, or an odd status, is at fault cell by cell', async () => {
    const { t } = await openBank();
    const { rows } = await t.finance.export({});
    const file = marked(rows, (cells, index) => {
      if (index === 0) cells.splice(4, 1, 99);
      if (index === 1) cells.splice(3, 1, 'DE89370400440532013000');
      if (index === 2) cells.splice(0, 1, '00000000-0000-7000-8000-000000000000');
      cells[7] = index === 0 ? 'perhaps' : 'paid';
    });
    const { marks, faults } = await readBankFile(t.finance, file, 'USD');
    expect(marks).toEqual([]);
    expect(faults.map((one) => one.path).sort()).toEqual([
      'Payouts!A4',
      'Payouts!D3',
      'Payouts!H2',
    ]);
    const changed = marked(rows, (cells) => cells.splice(4, 1, 99));
    const amounts = await readBankFile(t.finance, changed, 'USD');
    expect(amounts.faults).toHaveLength(3);
    expect(amounts.faults[0]).toMatchObject({
      path: 'Payouts!E2',
      message: expect.stringMatching(
        /Payouts!E2 \(Amount\): found "99\.00", expected "\d+\.00" as/,
      ),
    });
  });

  test('of an earlier attempt does not speak for the next one', async () => {
    const { t, workers } = await openBank();
    const { rows } = await t.finance.export({});
    const own = rows.filter((row) => row.workerId === workers[0]);
    await t.finance.mark([{ payoutId: own[0]?.payoutId ?? '', outcome: 'failed' }]);
    const file = marked(own, (cells) => cells.splice(7, 1, 'paid'));
    expect(await t.finance.pay({ onlyFailed: true })).toMatchObject({
      results: [{ outcome: 'by-bank-file' }],
    });
    expect((await readBankFile(t.finance, file, 'USD')).faults).toMatchObject([
      { path: 'Payouts!A2' },
    ]);
    const next = await t.finance.export({});
    expect(next.rows.map((row) => row.payoutId)).toEqual([own[0]?.payoutId]);
    const { marks, faults } = await readBankFile(t.finance, file, 'USD');
    expect(marks).toEqual([]);
    expect(faults).toMatchObject([
      { path: 'Payouts!G2', message: expect.stringContaining('of an earlier file') },
    ]);
  });
});

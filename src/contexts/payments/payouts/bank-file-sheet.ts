import type { Issue } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import {
  bad,
  type CellKind,
  column,
  defineSheet,
  type ImportPlan,
  money,
  planReading,
  type RowOf,
  readSheet,
  type SheetFile,
  text,
  type WorkbookSheet,
} from '../../../sheets/index.ts';
import type { BankRow, Payout, Payouts } from '../payments.ts';

/** What the bank said of one payout, as `Payouts.mark` takes it. */
export type BankMark = Parameters<Payouts['mark']>[0][number];

/** What a bank file that came back says. */
export interface BankFileReading {
  file: { name: string; bytes: number; sha256: string };
  /** Rows that say something new, in the order of the file. */
  marks: BankMark[];
  /** Rows without a status, and rows whose status is known already. */
  unmarked: number;
  known: number;
  /** Everything that is wrong, by cell: `Payouts!E7`. Nothing should be marked then. */
  faults: Issue[];
}

/** Longest text of a cell: a bank's reason. */
const MAX_CHARS = 200;
/** Payouts read at once. */
const CHUNK = 200;

const payoutId: CellKind<string> = {
  read({ text: typed }) {
    const id = typed.toLowerCase();
    return isUuid(id) ? { ok: true, value: id } : bad('the id of a payout, as it was exported');
  },
  write: (value) => value,
  same: (one, other) => one === other,
};

const OUTCOMES = new Map<string, BankMark['outcome']>([
  ['paid', 'paid'],
  ['оплачено', 'paid'],
  ['выплачено', 'paid'],
  ['failed', 'failed'],
  ['отклонено', 'failed'],
]);

const outcome: CellKind<BankMark['outcome']> = {
  read({ text: typed }) {
    const value = OUTCOMES.get(typed.toLowerCase());
    return value ? { ok: true, value } : bad('paid or failed (выплачено or отклонено), or nothing');
  },
  write: (value) => value,
  same: (one, other) => one === other,
};

/** The list that finance exports for the bank, and gives back with what the bank said. */
export function defineBankFile(currency: string) {
  const words = text({ maxChars: MAX_CHARS });
  return defineSheet({
    name: 'payouts',
    key: 'payoutId',
    columns: [
      column({
        key: 'payoutId',
        header: { en: 'Payout', ru: 'Выплата' },
        required: true,
        kind: payoutId,
      }),
      column({ key: 'workerId', header: { en: 'Worker', ru: 'Исполнитель' }, kind: words }),
      column({
        key: 'accountHolder',
        header: { en: 'Account holder', ru: 'Владелец счёта' },
        kind: words,
      }),
      column({ key: 'iban', header: { en: 'IBAN', ru: 'IBAN' }, kind: words }),
      column({
        key: 'amountMinor',
        header: { en: 'Amount', ru: 'Сумма' },
        required: true,
        kind: money({ currency }),
      }),
      column({ key: 'currency', header: { en: 'Currency', ru: 'Валюта' }, kind: words }),
      column({
        key: 'reference',
        header: { en: 'Reference', ru: 'Назначение' },
        required: true,
        kind: words,
      }),
      column({
        key: 'status',
        header: { en: 'Status', ru: 'Статус' },
        clearable: false,
        kind: outcome,
        note: 'paid or failed, as the bank said; empty while it has said nothing.',
      }),
      column({
        key: 'reason',
        header: { en: 'Reason', ru: 'Причина' },
        kind: words,
        note: 'Why a payout failed, in the words of the bank.',
      }),
    ],
  });
}

type BankFile = ReturnType<typeof defineBankFile>;
type BankFilePlan = ImportPlan<BankFile['columns']>;

/** In characters: ids are to be seen whole. */
const WIDTHS: Readonly<Partial<Record<string, number>>> = {
  payoutId: 40,
  workerId: 40,
  accountHolder: 26,
  iban: 32,
  reference: 38,
  reason: 40,
};

/** What the bank fills in; all else must come back as it was exported. */
const FOR_THE_BANK: ReadonlySet<string> = new Set(['status', 'reason']);

/** The sheet of a bank file, ready for `writeWorkbook`: to be paid, marked and read back. */
export function bankFileSheet(rows: readonly BankRow[], currency: string): WorkbookSheet {
  return {
    name: 'Payouts',
    columns: defineBankFile(currency).columns.map(({ key, header }) =>
      key === 'amountMinor'
        ? { header: header.en, kind: 'money', currency }
        : { header: header.en, kind: 'text', width: WIDTHS[key] },
    ),
    rows: rows.map((row) => [
      row.payoutId,
      row.workerId,
      row.accountHolder,
      row.iban,
      row.amountMinor,
      currency,
      row.reference,
    ]),
  };
}

/**
 * Reads a bank file that came back, and compares it with what was exported: an amount or an
 * account that is another now, a payout twice, a row of an earlier attempt are faults. Marks
 * nothing.
 * @param payouts to compare with
 * @throws StewardError of kind `invalid` with a code `sheet_…` when there is no list to read
 */
export async function readBankFile(
  payouts: Pick<Payouts, 'list' | 'export'>,
  file: SheetFile,
  currency: string,
): Promise<BankFileReading> {
  const reading = await readSheet(defineBankFile(currency), file);
  const ids = reading.rows.flatMap((row) => row.key ?? []);
  const plan = planReading(reading, await readExported(payouts, ids, currency));
  const result: BankFileReading = { file: plan.file, marks: [], unmarked: 0, known: 0, faults: [] };
  const told = new Map(reading.rows.map((row) => [row.row, row.values]));
  for (const fault of plan.faults) {
    result.faults.push({ path: `${fault.sheet}!${fault.address}`, message: fault.message });
  }
  for (const step of plan.steps) {
    const faults = changesOf(plan, step);
    result.faults.push(...faults);
    if (faults.length > 0 || step.action === 'refuse' || step.action === 'create') continue;
    const { status, reason } = told.get(step.row) ?? {};
    if (!status) result.unmarked += 1;
    else if (step.action === 'same' || !step.changes.some((one) => one.field === 'status')) {
      result.known += 1;
    } else
      result.marks.push({ payoutId: step.key, outcome: status, ...(reason ? { reason } : {}) });
  }
  return result;
}

type Exported = RowOf<BankFile>;

/** The rows as they were exported last, by payout, with what the bank has said of them so far. */
async function readExported(
  payouts: Pick<Payouts, 'list' | 'export'>,
  ids: readonly string[],
  currency: string,
): Promise<Map<string, Exported>> {
  const found = new Map<string, Payout>();
  for (let at = 0; at < ids.length; at += CHUNK) {
    const page = await payouts.list({ ids: ids.slice(at, at + CHUNK) }, { limit: CHUNK });
    for (const payout of page.data) found.set(payout.id, payout);
  }
  const exported = new Map<string, Exported>();
  for (const name of new Set([...found.values()].flatMap((one) => one.bankFile ?? []))) {
    // Known by its name, so this tells what is in it and exports nothing.
    for (const row of (await payouts.export({ name })).rows) {
      const payout = found.get(row.payoutId);
      if (payout?.bankFile !== name) continue;
      const { status, failureCode } = payout;
      exported.set(row.payoutId, {
        ...row,
        currency,
        status: status === 'paid' || status === 'failed' ? status : null,
        reason: status === 'failed' ? failureCode : null,
      });
    }
  }
  return exported;
}

/** Faults of a row that is not the one that was exported. */
function changesOf(plan: BankFilePlan, step: BankFilePlan['steps'][number]): Issue[] {
  const { sheet, columns } = plan.found;
  if (step.action === 'create') {
    const at = `${sheet}!${columns.find((one) => one.key === 'payoutId')?.letters ?? ''}${step.row}`;
    const message = `${at}: found "${step.key}", expected a payout that is in a bank file.`;
    return [{ path: at, message }];
  }
  if (step.action !== 'change') return [];
  return step.changes
    .filter(({ field }) => !FOR_THE_BANK.has(field))
    .map(({ address, header, beforeText, afterText, field }) => {
      const path = `${sheet}!${address}`;
      const hint = field === 'reference' ? ': this row is of an earlier file' : '';
      return {
        path,
        message: `${path} (${header}): found "${afterText}", expected "${beforeText}" as exported${hint}.`,
      };
    });
}

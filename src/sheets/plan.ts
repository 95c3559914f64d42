import type { Fault } from './faults.ts';
import { createFaultCollector, faultOf } from './faults.ts';
import type { SheetFile } from './file.ts';
import type { FoundList } from './find-header.ts';
import type { PassedOver } from './passed-over.ts';
import type { ReadOptions, ReadRow, SheetReading } from './reading.ts';
import { readSheet } from './reading.ts';
import type { AnyColumn, NewSheetRow, Sheet, SheetPatch, SheetValues } from './sheet.ts';

/** One field that an import changes. */
export interface FieldChange {
  /** Key of the column. */
  field: string;
  header: string;
  /** `D7`. */
  address: string;
  /** As values of the column's type; null where there is nothing. */
  before: unknown;
  after: unknown;
  /** The same as a user would type them; empty for nothing. */
  beforeText: string;
  afterText: string;
}

/** What the import would do with one row of the file. */
export type PlanStep<Columns extends readonly AnyColumn[]> =
  | { action: 'create'; row: number; key: string; values: NewSheetRow<Columns> }
  | {
      action: 'change';
      row: number;
      key: string;
      values: SheetPatch<Columns>;
      changes: FieldChange[];
    }
  | { action: 'same'; row: number; key: string }
  | { action: 'refuse'; row: number; key: string | null; faults: Fault[] };

export interface PlanCounts {
  /** Rows of the file that hold data. */
  rows: number;
  create: number;
  change: number;
  same: number;
  refuse: number;
  /** Present rows that the file does not mention; an import never removes them. */
  untouched: number;
}

/** What an import would do. Nothing has been written. */
export interface ImportPlan<Columns extends readonly AnyColumn[] = readonly AnyColumn[]> {
  sheet: Sheet<Columns>;
  file: { name: string; bytes: number; sha256: string };
  found: FoundList;
  counts: PlanCounts;
  /** In the order of the file. */
  steps: PlanStep<Columns>[];
  /** In the order of the file; the first 50,000 of `faultCount`. */
  faults: Fault[];
  faultCount: number;
  passedOver: PassedOver[];
}

/** A plan whose columns do not matter: what renders it takes this. */
export type AnyImportPlan = ImportPlan<readonly AnyColumn[]>;

/**
 * Reads a file and compares it with what there is.
 * @param current the present rows by key
 * @throws StewardError of kind `invalid` with a code `sheet_…` when there is no list to read;
 *   faults of cells are in the plan
 */
export async function planImport<const Columns extends readonly AnyColumn[]>(
  sheet: Sheet<Columns>,
  file: SheetFile,
  current: ReadonlyMap<string, SheetValues<Columns>>,
  options: ReadOptions = {},
): Promise<ImportPlan<Columns>> {
  return planReading(await readSheet(sheet, file, options), current);
}

/** Compares what was read with what there is: quick and without I/O, for use in a transaction. */
export function planReading<Columns extends readonly AnyColumn[]>(
  reading: SheetReading<Columns>,
  current: ReadonlyMap<string, SheetValues<Columns>>,
): ImportPlan<Columns> {
  const { sheet, file, found, passedOver } = reading;
  const faultsByRow = Map.groupBy(reading.faults, (fault) => fault.row);
  const counts: PlanCounts = { rows: 0, create: 0, change: 0, same: 0, refuse: 0, untouched: 0 };
  const steps: PlanStep<Columns>[] = [];
  const faults = createFaultCollector(reading.faultsKept, reading);
  const mentioned = new Set<string>();
  for (const row of reading.rows) {
    const present = row.key === null ? undefined : current.get(row.key);
    if (row.key !== null && present) mentioned.add(row.key);
    const missing = present || row.key === null ? [] : missingValues(reading, row);
    for (const fault of missing) faults.add(fault);
    const step = planRow(reading, row, present, missing, faultsByRow);
    counts[step.action] += 1;
    steps.push(step);
  }
  counts.rows = steps.length;
  counts.untouched = current.size - mentioned.size;
  return {
    sheet,
    file,
    found,
    counts,
    steps,
    ...faults.sorted(),
    passedOver,
  };
}

function planRow<Columns extends readonly AnyColumn[]>(
  reading: SheetReading<Columns>,
  read: ReadRow<Columns>,
  present: SheetValues<Columns> | undefined,
  missing: readonly Fault[],
  faultsByRow: ReadonlyMap<number, Fault[]>,
): PlanStep<Columns> {
  const { row, key, values } = read;
  if (read.faulty.length > 0 || key === null || missing.length > 0) {
    const faults = [...(faultsByRow.get(row) ?? []), ...missing];
    return { action: 'refuse', row, key, faults };
  }
  if (!present) {
    // No required value is missing: that was just looked at.
    return { action: 'create', row, key, values: values as NewSheetRow<Columns> };
  }
  const changes = changedFields(reading, row, values, present);
  return changes.length === 0
    ? { action: 'same', row, key }
    : { action: 'change', row, key, values, changes };
}

/** Faults for required fields that a new row leaves empty. */
function missingValues<Columns extends readonly AnyColumn[]>(
  { sheet, found }: SheetReading<Columns>,
  read: ReadRow<Columns>,
): Fault[] {
  const values: Readonly<Record<string, unknown>> = read.values;
  return sheet.columns.flatMap((column) => {
    if (!column.required || values[column.key] !== undefined) return [];
    if (read.faulty.includes(column.key)) return [];
    const place = found.columns.find((one) => one.key === column.key);
    if (!place) return [];
    const expected = `a value, since ${read.key} is new`;
    return [faultOf(found, read.row, place, 'missing_value', 'nothing', expected)];
  });
}

function changedFields<Columns extends readonly AnyColumn[]>(
  { sheet, found }: SheetReading<Columns>,
  row: number,
  patch: SheetPatch<Columns>,
  present: SheetValues<Columns>,
): FieldChange[] {
  const now: Readonly<Record<string, unknown>> = patch;
  const old: Readonly<Record<string, unknown>> = present;
  return sheet.columns.flatMap((column) => {
    const after = now[column.key];
    const before = old[column.key] ?? null;
    if (after === undefined || sameValue(column, before, after)) return [];
    const place = found.columns.find((one) => one.key === column.key);
    return [
      {
        field: column.key,
        header: place?.header ?? column.header.en,
        address: `${place?.letters ?? ''}${row}`,
        before,
        after,
        beforeText: valueText(column, before),
        afterText: valueText(column, after),
      },
    ];
  });
}

function sameValue(column: AnyColumn, one: unknown, other: unknown): boolean {
  if (one === null || other === null) return one === other;
  return column.kind.same(one, other);
}

/** A value as a user would type it into the column; empty for nothing. */
function valueText(column: AnyColumn, value: unknown): string {
  return value === null || value === undefined ? '' : column.kind.write(value);
}

/** A plan as plain JSON. Values are texts as they would be typed into the sheet. */
export interface PlanJson {
  list: string;
  file: { name: string; bytes: number; sha256: string };
  sheet: string;
  headerRow: number;
  columns: { field: string; header: string; column: string }[];
  absentColumns: string[];
  counts: PlanCounts;
  steps: {
    action: PlanStep<readonly AnyColumn[]>['action'];
    row: number;
    key: string | null;
    values?: Record<string, string>;
    changes?: { field: string; address: string; before: string; after: string }[];
    faults?: string[];
  }[];
  faultCount: number;
  faults: Fault[];
  passedOver: PassedOver[];
}

/** The plan for `--json` and for keeping. */
export function planToJson(plan: AnyImportPlan): PlanJson {
  const { sheet, file, found, counts, faults, faultCount, passedOver } = plan;
  return {
    list: sheet.name,
    file,
    sheet: found.sheet,
    headerRow: found.headerRow,
    columns: found.columns.map(({ key, header, letters }) => ({
      field: key,
      header,
      column: letters,
    })),
    absentColumns: found.absent,
    counts,
    steps: plan.steps.map((step) => stepToJson(sheet, step)),
    faultCount,
    faults,
    passedOver,
  };
}

function stepToJson(
  sheet: Sheet<readonly AnyColumn[]>,
  step: PlanStep<readonly AnyColumn[]>,
): PlanJson['steps'][number] {
  const { action, row, key } = step;
  if (step.action === 'refuse') {
    return { action, row, key, faults: step.faults.map((fault) => fault.message) };
  }
  if (step.action === 'change') {
    const changes = step.changes.map(({ field, address, beforeText, afterText }) => ({
      field,
      address,
      before: beforeText,
      after: afterText,
    }));
    return { action, row, key, changes };
  }
  if (step.action === 'same') return { action, row, key };
  return { action, row, key, values: rowTexts(sheet, step.values) };
}

/** The values of a row as a user would type them, for showing a plan. */
export function rowTexts(
  sheet: Sheet<readonly AnyColumn[]>,
  values: Readonly<Record<string, unknown>>,
): Record<string, string> {
  return Object.fromEntries(
    sheet.columns.flatMap((column) => {
      const value = values[column.key];
      return value === undefined || value === null ? [] : [[column.key, valueText(column, value)]];
    }),
  );
}

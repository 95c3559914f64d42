import type { z } from 'zod';
import type { CellKind, Reading } from './cell.ts';
import { cleanText } from './cell.ts';

/** Languages in which headers are recognised. */
export type HeaderLanguage = 'en' | 'ru';

/** One column of a sheet. Template, export and import come from it. */
export interface Column<Key extends string, Value, Required extends boolean> {
  /** Name of the field in a row. */
  key: Key;
  header: Readonly<Record<HeaderLanguage, string>>;
  /** Other headers that mean this column; case, spaces and punctuation do not matter. */
  aliases: readonly string[];
  /** The header must be there, a new row needs a value, and the value cannot be cleared. */
  required: Required;
  /** Whether `-` in a cell clears the value. */
  clearable: boolean;
  kind: CellKind<Value>;
  /** For the template: what to type here. */
  note: string;
}

export type AnyColumn = Column<string, unknown, boolean>;

/**
 * Declares a column.
 * @param schema checks the value that the kind has read; its messages are noun phrases that end
 *   the sentence "found …, expected …"
 */
export function column<
  const Key extends string,
  Value,
  const Required extends boolean = false,
>(declaration: {
  key: Key;
  header: Readonly<Record<HeaderLanguage, string>>;
  aliases?: readonly string[];
  required?: Required;
  /** True unless the column is required. */
  clearable?: boolean;
  kind: CellKind<Value>;
  schema?: z.ZodType<Value, Value>;
  note?: string;
}): Column<Key, Value, Required> {
  const { key, header, aliases = [], kind, schema, note = '' } = declaration;
  // Without `required` the type parameter is its default, which is false.
  const required = (declaration.required ?? false) as Required;
  const clearable = declaration.clearable ?? !required;
  const checkedKind = schema ? checked(kind, schema) : kind;
  return { key, header, aliases, required, clearable, note, kind: checkedKind };
}

function checked<Value>(kind: CellKind<Value>, schema: z.ZodType<Value, Value>): CellKind<Value> {
  return {
    ...kind,
    read(cell) {
      const reading = kind.read(cell);
      if (!reading.ok) return reading;
      const result = schema.safeParse(reading.value);
      if (result.success) return { ok: true, value: result.data };
      return { ok: false, expected: result.error.issues[0]?.message ?? 'another value' };
    },
  };
}

/**
 * Checks a value from elsewhere (a command, a request) by the rules of a column: it is written as
 * it would stand in a cell and read again.
 */
export function checkValue<Value>(kind: CellKind<Value>, value: Value): Reading<Value> {
  const written = kind.write(value);
  return kind.read({ address: '', raw: written, text: cleanText(written) });
}

/** A sheet, declared once. */
export interface Sheet<Columns extends readonly AnyColumn[]> {
  /** Stable name: `services`. */
  name: string;
  columns: Columns;
  /** The column whose value names a row. */
  key: Columns[number]['key'];
  /** Normalised header → key of its column. */
  headers: ReadonlyMap<string, string>;
}

type ValueOf<C> = C extends Column<string, infer Value, boolean> ? Value : never;
type Filled<C> = C extends { required: true } ? ValueOf<C> : ValueOf<C> | null;

/** A whole row: columns that are not required may be null. */
export type SheetValues<Columns extends readonly AnyColumn[]> = {
  [C in Columns[number] as C['key']]: Filled<C>;
};

/** What a row of a file says: absent fields stay as they are, null clears. */
export type SheetPatch<Columns extends readonly AnyColumn[]> = Partial<SheetValues<Columns>>;

/** What a new row has: every required field; others may be absent. */
export type NewSheetRow<Columns extends readonly AnyColumn[]> = SheetPatch<Columns> & {
  [C in Extract<Columns[number], { required: true }> as C['key']]: ValueOf<C>;
};

/** The whole row of a declared sheet: `RowOf<typeof servicesSheet>`. */
export type RowOf<S> = S extends Sheet<infer Columns> ? SheetValues<Columns> : never;

/**
 * Declares a sheet.
 * @throws TypeError when the declaration contradicts itself: a mistake in the program
 */
export function defineSheet<const Columns extends readonly AnyColumn[]>(declaration: {
  name: string;
  columns: Columns;
  key: Columns[number]['key'];
}): Sheet<Columns> {
  const { name, columns, key } = declaration;
  const headers = new Map<string, string>();
  for (const { key: columnKey, header, aliases } of columns) {
    for (const text of [columnKey, header.en, header.ru, ...aliases]) {
      const normal = normalHeader(text);
      const owner = headers.get(normal);
      if (owner !== undefined && owner !== columnKey) {
        throw new TypeError(`Sheet "${name}": "${text}" names both "${owner}" and "${columnKey}".`);
      }
      headers.set(normal, columnKey);
    }
  }
  if (!columns.some((one) => one.key === key && one.required)) {
    throw new TypeError(`Sheet "${name}": its key "${key}" must be a required column.`);
  }
  return { name, columns, key, headers };
}

/** Headers that differ in case, spaces, punctuation or ё are the same. */
export function normalHeader(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ё', 'е')
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

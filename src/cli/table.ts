import { styleText } from 'node:util';
import { displayWidth, pad, plainText, wrapText } from './text-width.ts';

/** One column: how it is called and what stands in it. */
export interface Column<Row> {
  header: string;
  value(row: Row): string | number | bigint | null | undefined;
  /** Numbers and amounts stand at the right. */
  align?: 'left' | 'right';
}

export interface TableOptions {
  /** Columns of the terminal; undefined where the output is piped: then nothing is broken. */
  width: number | undefined;
  color: boolean;
}

const GAP = '  ';
const NOTHING = '–';
/** A list on a terminal narrower than this is wrapped by the terminal anyway. */
const NARROWEST = 40;

/**
 * A table as lines without trailing spaces. Nothing is ever cut: columns that do not fit the
 * terminal move to an indented second line of each row, so that ids stay whole and copyable.
 */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions,
): string[] {
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.header), ...cells.map((line) => displayWidth(line[index] ?? ''))),
  );
  const fitting = countFitting(widths, options.width);
  const line = (texts: readonly string[]) => {
    const first = columns.slice(0, fitting).map((column, index) => {
      return pad(
        texts[index] ?? '',
        widths[index] ?? 0,
        column.align === 'right' ? 'right' : 'left',
      );
    });
    return [first.join(GAP).trimEnd(), ...overflow(texts.slice(fitting), options.width)];
  };
  const header = line(columns.map((column) => column.header));
  return [
    ...header.map((text) => (options.color ? styleText('dim', text, NO_CHECK) : text)),
    ...cells.flatMap(line),
  ];
}

/** The caller has decided about colour already. */
const NO_CHECK = { validateStream: false } as const;

function countFitting(widths: readonly number[], width: number | undefined): number {
  if (width === undefined) return widths.length;
  let used = -GAP.length;
  const limit = Math.max(width, NARROWEST);
  const tooMany = widths.findIndex((one) => {
    used += GAP.length + one;
    return used > limit;
  });
  return tooMany === -1 ? widths.length : Math.max(1, tooMany);
}

function overflow(texts: readonly string[], width: number | undefined): string[] {
  const shown = texts.filter((text) => text !== NOTHING);
  if (shown.length === 0 || width === undefined) return [];
  const lines = wrapText(shown.join(' · '), Math.max(width, NARROWEST) - GAP.length);
  return lines.map((text) => GAP + text);
}

function cellText(value: string | number | bigint | null | undefined): string {
  if (value === null || value === undefined || value === '') return NOTHING;
  return plainText(String(value));
}

/** One thing as `name  value` lines; values wrap beside their names. Empty ones are left out. */
export function renderFields(
  fields: readonly (readonly [string, string | number | bigint | null | undefined])[],
  options: TableOptions,
): string[] {
  const shown = fields.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const nameWidth = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
  const room = Math.max(NARROWEST / 2, (options.width ?? Infinity) - nameWidth - GAP.length);
  return shown.flatMap(([name, value]) =>
    wrapText(plainText(String(value)), room).map((text, index) => {
      const label = pad(index === 0 ? name : '', nameWidth);
      return (options.color ? styleText('dim', label, NO_CHECK) : label) + GAP + text;
    }),
  );
}

/** A process of its own that reads a workbook once: by the Excel engine, or its XML alone. */
import { createReadStream } from 'node:fs';
import { createInflateRaw } from 'node:zlib';
import { SaxesParser } from 'saxes';
import {
  code,
  column,
  defineSheet,
  integer,
  list,
  money,
  planReading,
  quantities,
  readSheet,
  text,
  yesNo,
} from '../../src/sheets/index.ts';

export interface SheetRound {
  how: 'plan' | 'parse';
  rows: number;
  seconds: number;
  peakMb: number;
}

/** Every kind of cell that lists of ours have. */
function defineList() {
  const plain = <const Key extends string>(key: Key, name: string) =>
    column({ key, header: { en: name, ru: `${name} ru` }, kind: text() });
  const amount = <const Key extends string>(key: Key, name: string) =>
    column({ key, header: { en: name, ru: `${name} ru` }, kind: money({ currency: 'USD' }) });
  const whole = <const Key extends string>(key: Key, name: string) =>
    column({
      key,
      header: { en: name, ru: `${name} ru` },
      kind: integer({ min: 0, max: 1_440 }),
    });
  return defineSheet({
    name: 'bench',
    key: 'code',
    columns: [
      column({
        key: 'code',
        header: { en: 'Code', ru: 'Code ru' },
        required: true,
        kind: code({ pattern: /^[A-Z0-9-]{1,40}$/, expected: 'a code' }),
      }),
      plain('name', 'Name'),
      plain('category', 'Category'),
      plain('city', 'City'),
      amount('priceMinor', 'Price'),
      amount('bonusMinor', 'Bonus'),
      whole('minutes', 'Minutes'),
      whole('limit', 'Limit'),
      column({
        key: 'skills',
        header: { en: 'Skills', ru: 'Skills ru' },
        kind: list({ item: (word) => word.toLowerCase(), itemExpected: 'a skill' }),
      }),
      column({
        key: 'supplies',
        header: { en: 'Supplies', ru: 'Supplies ru' },
        kind: quantities(),
      }),
      column({ key: 'active', header: { en: 'Active', ru: 'Active ru' }, kind: yesNo() }),
      plain('notes', 'Notes'),
    ],
  });
}

async function plan(file: string): Promise<number> {
  const { counts } = planReading(await readSheet(defineList(), file), new Map());
  if (counts.refuse > 0) throw new Error(`${counts.refuse} rows of the workbook were refused.`);
  return counts.create;
}

/** Rows without the header. */
async function parse(file: string): Promise<number> {
  const parser = new SaxesParser();
  let rows = -1;
  parser.on('opentag', ({ name }) => {
    if (name === 'row') rows++;
  });
  const pieces = createReadStream(file).pipe(createInflateRaw()).setEncoding('utf8');
  for await (const piece of pieces) parser.write(piece);
  parser.close();
  return rows;
}

if (import.meta.main) {
  const [how, file = ''] = process.argv.slice(2) as [SheetRound['how'], string];
  const began = performance.now();
  const rows = await (how === 'plan' ? plan(file) : parse(file));
  const seconds = (performance.now() - began) / 1_000;
  const peakMb = process.resourceUsage().maxRSS / 1_024;
  process.stdout.write(`${JSON.stringify({ how, rows, seconds, peakMb } satisfies SheetRound)}\n`);
}

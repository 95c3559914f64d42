/** Reading, checking and planning a large workbook, beside unpacking and parsing its XML alone. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { workbookFile } from '../src/sheets/testing.ts';
import { type Bench, type Figure, format, type Row } from './tools/figure.ts';
import { runScript } from './tools/programs.ts';
import { alternate, ratiosOf, spreadOf } from './tools/rounds.ts';
import { runFigures } from './tools/run.ts';
import type { SheetRound } from './tools/sheet-reader.ts';

export const sheetImport: Figure = {
  name: 'sheet',
  title: 'a workbook of 100,000 rows by 12 columns: read, validated and planned',
  measure: measureSheet,
};

const ROWS = 100_000;

async function measureSheet(bench: Bench): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'steward-bench-sheet-'));
  bench.cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const { rows: content, strings } = buildList();
  const workbook = join(folder, 'list.xlsx');
  await writeFile(workbook, workbookFile({ sheets: [{ name: 'List', cells: content }], strings }));
  const packed = join(folder, 'sheet.deflate');
  await writeFile(packed, deflateRawSync(`<sheetData>${content}</sheetData>`));
  const read = (how: SheetRound['how'], file: string) => async () => {
    const round = await runScript<SheetRound>('bench/tools/sheet-reader.ts', [how, file]);
    if (round.rows !== ROWS) throw new Error(`${how}: ${round.rows} of ${ROWS} rows.`);
    return round;
  };
  const rounds = bench.quick ? 2 : 5;
  bench.tell(`${rounds} rounds of each in turn`);
  const { first, second } = await alternate(rounds, read('plan', workbook), read('parse', packed));
  const rates = (sides: SheetRound[]) => sides.map((round) => round.rows / round.seconds);
  const planned = spreadOf(rates(first));
  const ratio = ratiosOf(rates(first), rates(second));
  const memory = spreadOf(first.map((round) => round.peakMb));
  return [
    {
      what: 'read, validate and plan',
      value: planned.median,
      range: planned.range,
      unit: '/s',
      goal: { is: 'at least', value: 25_000 },
      detail: 'rows; every one is new and good',
    },
    {
      what: 'read, validate and plan / parse',
      value: ratio.median,
      range: ratio.range,
      unit: '',
      detail: `unpacking and parsing the XML of the rows alone (saxes): ${format(spreadOf(rates(second)).median)} rows/s`,
    },
    {
      what: 'memory of that process',
      value: memory.median,
      range: memory.range,
      unit: 'MB',
      goal: { is: 'under', value: 250 },
      detail: 'the most it held, Node and the plan included',
    },
  ];
}

const HEADERS = [
  'Code,Name,Category,City,Price,Bonus,Minutes,Limit,Skills,Supplies,Active,Notes',
].flatMap((line) => line.split(','));
/** Columns of numbers, by their letter. */
const NUMBERS = new Set(['E', 'F', 'G', 'H']);

/** Texts are shared strings and numbers are numbers, as Excel writes them. */
function buildList(): { rows: string; strings: string[] } {
  const numbers = new Map<string, number>();
  const shared = (text: string) => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, numbers.size);
    return numbers.size - 1;
  };
  const xml: string[] = [];
  const write = (row: number, values: readonly (string | number)[]) => {
    const cells = values.map((value, at) => {
      const letter = String.fromCharCode(65 + at);
      if (NUMBERS.has(letter) && row > 1) return `<c r="${letter}${row}"><v>${value}</v></c>`;
      return `<c r="${letter}${row}" t="s"><v>${shared(String(value))}</v></c>`;
    });
    xml.push(`<row r="${row}" spans="1:12">${cells.join('')}</row>`);
  };
  write(1, HEADERS);
  for (let n = 1; n <= ROWS; n++) write(n + 1, rowValues(n));
  return { rows: xml.join(''), strings: [...numbers.keys()].map((text) => `<t>${text}</t>`) };
}

function rowValues(n: number): (string | number)[] {
  return [
    `CODE-${n}`,
    `Window cleaning number ${n}`,
    `Category ${n % 20}`,
    `City ${n % 50}`,
    (n % 900) + 10.5,
    n % 70,
    (n % 480) + 15,
    n % 1_000,
    ['cleaning', 'cleaning; heights', 'garden; pets'][n % 3] ?? '',
    ['Cloth pack x2; Glass cleaner x1', 'Towel x1'][n % 2] ?? '',
    n % 7 === 0 ? 'no' : 'yes',
    `Ring twice, flat ${n % 3_000}`,
  ];
}

if (import.meta.main) await runFigures([sheetImport], process.argv.slice(2));

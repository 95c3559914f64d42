import { crc32, deflateRawSync } from 'node:zlib';
import { parseAddress } from './address.ts';

/** A part of an archive; `declaredBytes` lets its header lie about its size. */
export interface ZipPart {
  name: string;
  data: string | Buffer;
  declaredBytes?: number;
  /** Bit 0 says that the part is encrypted. */
  flags?: number;
}

/** A zip archive written by hand, so that tests can write ones that no library would. */
export function zipFile(parts: readonly ZipPart[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, data, declaredBytes, flags = 0 } of parts) {
    const content = Buffer.from(data);
    const packed = deflateRawSync(content);
    const fileName = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(declaredBytes ?? content.length, 18);
    fields.writeUInt16LE(fileName.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, fileName, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, rest, fileName]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** What a test puts into a cell: a value, or the XML inside `<c …>` with its attributes. */
export type TestCell =
  | string
  | number
  | boolean
  | { attributes?: string; xml: string }
  /** A number with one of `formats`. */
  | { number: number; format: number };

export interface TestSheet {
  name: string;
  /** By address; or the whole content of `<sheetData>`. */
  cells: Record<string, TestCell> | string;
  state?: 'hidden' | 'veryHidden';
  /** XML after `</sheetData>`. */
  after?: string;
}

export interface TestWorkbook {
  sheets: TestSheet[];
  date1904?: boolean;
  /** Number format codes; a cell's `format` is an index in them. */
  formats?: string[];
  /** The items of the shared strings, as XML inside `<si>`. */
  strings?: string[];
  /** Further parts, or ones that replace those written here. */
  parts?: ZipPart[];
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships';

/** A workbook as small as Excel would still open it; shared strings come last, as LibreOffice does. */
export function workbookFile(workbook: TestWorkbook): Buffer {
  const { sheets, formats = [], strings, date1904 = false, parts = [] } = workbook;
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const relations = (content: string) =>
    `<Relationships xmlns="${PACKAGE}">${content}</Relationships>`;
  const written: ZipPart[] = [
    {
      name: '_rels/.rels',
      data: relations(relation('rId1', 'officeDocument', 'xl/workbook.xml')),
    },
    {
      name: 'xl/workbook.xml',
      data: `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><workbookPr date1904="${date1904}"/><sheets>${sheets
        .map(
          ({ name, state = 'visible' }, at) =>
            `<sheet name="${escapeXml(name)}" sheetId="${at + 1}" state="${state}" r:id="rId${at + 1}"/>`,
        )
        .join('')}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      data: relations(
        [
          ...sheets.map((_, at) =>
            relation(`rId${at + 1}`, 'worksheet', `worksheets/sheet${at + 1}.xml`),
          ),
          relation('rIdStyles', 'styles', 'styles.xml'),
          relation('rIdStrings', 'sharedStrings', 'sharedStrings.xml'),
        ].join(''),
      ),
    },
    {
      name: 'xl/styles.xml',
      data: `<styleSheet xmlns="${MAIN}"><numFmts>${formats
        .map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${escapeXml(code)}"/>`)
        .join('')}</numFmts><cellXfs><xf numFmtId="0"/>${formats
        .map((_, at) => `<xf numFmtId="${164 + at}"/>`)
        .join('')}</cellXfs></styleSheet>`,
    },
    ...sheets.map(({ cells, after = '' }, at) => ({
      name: `xl/worksheets/sheet${at + 1}.xml`,
      data: `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="${MAIN}"><sheetData>${
        typeof cells === 'string' ? cells : rowsXml(cells)
      }</sheetData>${after}</worksheet>`,
    })),
  ];
  if (strings) {
    const items = strings.map((item) => `<si>${item}</si>`).join('');
    written.push({ name: 'xl/sharedStrings.xml', data: `<sst xmlns="${MAIN}">${items}</sst>` });
  }
  const replaced = new Set(parts.map((part) => part.name));
  return zipFile([...written.filter((part) => !replaced.has(part.name)), ...parts]);
}

function rowsXml(cells: Record<string, TestCell>): string {
  const placed = Object.entries(cells).map(([address, cell]) => {
    const at = parseAddress(address);
    if (!at) throw new TypeError(`"${address}" is no address.`);
    return { ...at, xml: cellXml(address, cell) };
  });
  const rows = Map.groupBy(placed, (cell) => cell.row);
  return [...rows]
    .sort(([one], [other]) => one - other)
    .map(([row, list]) => {
      const sorted = list.sort((one, other) => one.column - other.column);
      return `<row r="${row}">${sorted.map((cell) => cell.xml).join('')}</row>`;
    })
    .join('');
}

function cellXml(address: string, cell: TestCell): string {
  if (typeof cell === 'string') {
    return `<c r="${address}" t="inlineStr"><is><t xml:space="preserve">${escapeXml(cell)}</t></is></c>`;
  }
  if (typeof cell === 'number') return `<c r="${address}"><v>${cell}</v></c>`;
  if (typeof cell === 'boolean') return `<c r="${address}" t="b"><v>${cell ? 1 : 0}</v></c>`;
  if ('number' in cell) return `<c r="${address}" s="${cell.format + 1}"><v>${cell.number}</v></c>`;
  return `<c r="${address}" ${cell.attributes ?? ''}>${cell.xml}</c>`;
}

/** One row of cells from column A on, as `cells` of a sheet. */
export function rowCells(row: number, values: readonly (TestCell | null)[]) {
  const cells: Record<string, TestCell> = {};
  for (const [at, value] of values.entries()) {
    if (value !== null) cells[`${String.fromCharCode(65 + at)}${row}`] = value;
  }
  return cells;
}

/** A table from A1 on, the first row being the header. */
export function tableCells(rows: readonly (readonly (TestCell | null)[])[]) {
  return Object.assign({}, ...rows.map((values, at) => rowCells(at + 1, values))) as Record<
    string,
    TestCell
  >;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

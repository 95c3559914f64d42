/** How a cell looks; what is left out is plain. */
export interface CellStyle {
  /** Number format code; `General` when left out. */
  format?: string;
  font?: keyof typeof FONTS;
  /** A grey ground with a line below, or a line above. */
  frame?: 'header' | 'totals';
  align?: 'left' | 'center' | 'right';
  /** Keeps a distance from numbers that end right before this text. */
  indent?: boolean;
  /** Breaks long text into lines. */
  wrap?: boolean;
}

/** Collects the styles of a workbook: a cell carries the number of its style. */
export interface StyleBook {
  /** The same style has the same number. */
  number(style: CellStyle): number;
  /** The part that describes all styles asked for. */
  xml(): string;
}

const FONT_NAME = '<name val="Calibri"/><family val="2"/>';
const FONTS = {
  plain: `<font><sz val="11"/>${FONT_NAME}</font>`,
  bold: `<font><b/><sz val="11"/>${FONT_NAME}</font>`,
  title: `<font><b/><sz val="14"/>${FONT_NAME}</font>`,
  remark: `<font><sz val="11"/><color rgb="FF595959"/>${FONT_NAME}</font>`,
};
const FONT_NAMES = Object.keys(FONTS);

/** Programs expect the first two fills to be these, whatever they are used for. */
const FILLS =
  '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE7E9ED"/><bgColor indexed="64"/></patternFill></fill></fills>';

const LINE = (side: string) =>
  side === '' ? '' : `<${side} style="thin"><color rgb="FF7F868F"/></${side}>`;
const BORDER = (top: string, bottom: string) =>
  `<border><left/><right/>${LINE(top) || '<top/>'}${LINE(bottom) || '<bottom/>'}<diagonal/></border>`;
const BORDERS = `<borders count="3">${BORDER('', '')}${BORDER('', 'bottom')}${BORDER('top', '')}</borders>`;

/** ECMA-376 part 1, 18.8.30: formats that need no declaration. */
const BUILT_IN = new Map([
  ['General', 0],
  ['0', 1],
  ['#,##0', 3],
  ['#,##0.00', 4],
  ['@', 49],
]);
/** Own formats are numbered from here. */
const FIRST_OWN_FORMAT = 164;

/** An empty book; style 0 is the plain one, as programs expect. */
export function createStyleBook(): StyleBook {
  const numbers = new Map<string, number>();
  const formats = new Map<string, number>();
  const number = (style: CellStyle): number => {
    const xml = formatXml(style);
    const known = numbers.get(xml);
    if (known !== undefined) return known;
    numbers.set(xml, numbers.size);
    return numbers.size - 1;
  };
  number({});
  return { number, xml: () => stylesXml(formats, [...numbers.keys()]) };

  function formatXml({
    format = 'General',
    font = 'plain',
    frame,
    align,
    indent,
    wrap,
  }: CellStyle) {
    const fill = frame === 'header' ? 2 : 0;
    const border = frame === undefined ? 0 : frame === 'header' ? 1 : 2;
    const ids = `numFmtId="${formatId(format)}" fontId="${FONT_NAMES.indexOf(font)}" fillId="${fill}" borderId="${border}" xfId="0"`;
    const apply = `applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"`;
    const side = align ?? (indent === true ? 'left' : undefined);
    const horizontal = side === undefined ? '' : ` horizontal="${side}"`;
    const distance = indent === true ? ' indent="1"' : '';
    const vertical = frame === 'header' ? 'center' : 'top';
    const breaking = wrap === true ? ' wrapText="1"' : '';
    return `<xf ${ids} ${apply}><alignment${horizontal}${distance} vertical="${vertical}"${breaking}/></xf>`;
  }

  function formatId(code: string): number {
    const id = BUILT_IN.get(code) ?? formats.get(code) ?? FIRST_OWN_FORMAT + formats.size;
    if (id >= FIRST_OWN_FORMAT) formats.set(code, id);
    return id;
  }
}

function stylesXml(formats: ReadonlyMap<string, number>, cellFormats: readonly string[]): string {
  const own = [...formats].map(([code, id]) => `<numFmt numFmtId="${id}" formatCode="${code}"/>`);
  const formatsXml =
    own.length === 0 ? '' : `<numFmts count="${own.length}">${own.join('')}</numFmts>`;
  const fonts = Object.values(FONTS);
  return [
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">',
    formatsXml,
    `<fonts count="${fonts.length}">${fonts.join('')}</fonts>`,
    FILLS,
    BORDERS,
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>',
    `<cellXfs count="${cellFormats.length}">${cellFormats.join('')}</cellXfs>`,
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>',
    '</styleSheet>',
  ].join('');
}

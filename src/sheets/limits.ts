/**
 * What a workbook may cost us. The file comes from outside; every number here is enforced while
 * reading, on what was really inflated, never on what the file says of itself.
 */
export interface SheetLimits {
  /** The file as it stands on disk. */
  fileBytes: number;
  /** Parts of the zip archive. */
  zipEntries: number;
  /** Bytes inflated over all parts that are read, those read twice counted twice. */
  inflatedBytes: number;
  /** Inflated bytes per compressed byte, once a part is larger than `ratioFromBytes`. */
  inflationRatio: number;
  /** Small parts may be as repetitive as they like. */
  ratioFromBytes: number;
  /** Characters of all shared strings together: they are held in memory. */
  sharedStringChars: number;
  /** Number of shared strings: each costs an array slot and an object even when it is short. */
  sharedStrings: number;
  /** Characters in one cell. */
  cellChars: number;
  /** Cells with content in one sheet. */
  cells: number;
  /** Number of sheets. */
  sheets: number;
  /** Cell formats in the style sheet. */
  styles: number;
  /** XML elements inside one another. */
  xmlDepth: number;
  /** Characters of one XML token (a tag with its attributes, or a text). */
  xmlTokenChars: number;
  /** Faults kept with address and wording; the rest is counted. */
  faultsKept: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Excel's own: no sheet has more rows or columns, so an address beyond is a lie. */
export const EXCEL_MAX_ROWS = 1_048_576;
export const EXCEL_MAX_COLUMNS = 16_384;
/** And none holds a longer text. */
export const EXCEL_MAX_CELL_CHARS = 32_767;

export const DEFAULT_LIMITS: Readonly<SheetLimits> = {
  // 100,000 rows of 12 columns take 6 MB; the file is held in memory once.
  fileBytes: 20 * MIB,
  // A workbook with a hundred sheets, drawings and comments has about 500.
  zipEntries: 2_000,
  // 100,000 rows of 12 columns inflate to 43 MB from a lean writer, to 150 MB from LibreOffice;
  // inflating and parsing this much takes about 10 seconds.
  inflatedBytes: 768 * MIB,
  // Real sheets reach 10 to 40; deflate cannot exceed 1,032.
  inflationRatio: 200,
  ratioFromBytes: 8 * MIB,
  // One byte a character for Latin, two for Cyrillic: at most 64 MB of the 250 MB budget.
  sharedStringChars: 32 * MIB,
  sharedStrings: 1_500_000,
  cellChars: EXCEL_MAX_CELL_CHARS,
  // 1,048,576 rows of 20 columns.
  cells: 20_000_000,
  // Excel sets none; people stay below a hundred.
  sheets: 500,
  // Excel's own limit is 65,490 formats.
  styles: 65_536,
  // Worksheets nest about 6 deep, rich text and extensions about 12.
  xmlDepth: 64,
  // The longest legal token: a cell of 32,767 characters, each written as an entity like `&quot;`.
  xmlTokenChars: 256 * KIB,
  // About 30 MB of wording; nobody reads more, and the count is exact all the same.
  faultsKept: 50_000,
};

/** Rows at the top of each sheet among which a header is looked for: titles and remarks are few. */
export const HEADER_SEARCH_ROWS = 50;

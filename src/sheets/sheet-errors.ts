import type { Issue } from '../platform/errors.ts';
import { StewardError } from '../platform/errors.ts';

/** Every way in which a file can fail as a whole; faults of single cells are in the plan instead. */
export type SheetErrorCode =
  /** No such file, no right to read it, or a folder. */
  | 'sheet_file_unreadable'
  /** Nothing in it. */
  | 'sheet_file_empty'
  /** CSV, .xls, .ods, a text document: readable perhaps, but no .xlsx workbook. */
  | 'sheet_not_xlsx'
  /** Protected by a password. */
  | 'sheet_encrypted'
  /** A zip archive or XML that is broken, cut off or contradicts itself. */
  | 'sheet_damaged'
  /** More than the limits allow. */
  | 'sheet_too_large'
  /** XML with a document type or entities of its own: only attacks have them. */
  | 'sheet_forbidden_xml'
  /** No sheet has the columns; `issues` names the nearest row of each. */
  | 'sheet_header_not_found'
  /** Two columns carry the same header. */
  | 'sheet_header_repeated'
  /** Several sheets fit equally well. */
  | 'sheet_ambiguous'
  /** The sheet asked for by name is not there. */
  | 'sheet_not_found'
  /** A workbook cannot be put where it was asked for: no folder, no right, no room. */
  | 'sheet_file_unwritable'
  /** Excel would not take the name of a sheet that is to be written. */
  | 'sheet_name_invalid';

/** An error about the workbook as a whole: kind `invalid`, nothing has been done. */
export function sheetError(
  code: SheetErrorCode,
  message: string,
  more: { data?: Record<string, unknown>; issues?: readonly Issue[]; cause?: unknown } = {},
): StewardError {
  return new StewardError('invalid', code, message, more);
}

/** Something in the file that was not taken as data: nothing is skipped silently. */
export interface PassedOver {
  kind: 'sheet' | 'row_above_header' | 'column' | 'empty_rows' | 'macros';
  /** Sheet name or cell address. */
  where: string;
  /** A sentence for people. */
  message: string;
}

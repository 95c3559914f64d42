/**
 * The Excel engine: a sheet is declared once as a list of columns, and files are read, checked and
 * planned against it. What the plan says is applied by its owner, in one transaction. Workbooks are
 * written from rows, whatever their number.
 */
export type { CellKind, Reading } from './cell.ts';
export { bad } from './cell.ts';
export { code, integer, text, yesNo } from './cell-kinds.ts';
export type { SheetFile } from './file.ts';
export type { Quantity } from './list-cells.ts';
export { list, quantities } from './list-cells.ts';
export { money } from './money-cell.ts';
export type { AnyImportPlan, ImportPlan } from './plan.ts';
export { planReading, planToJson } from './plan.ts';
export { readSheet } from './reading.ts';
export type { RowOf, SheetPatch } from './sheet.ts';
export { checkValue, column, defineSheet } from './sheet.ts';
export type { WorkbookColumn, WorkbookRow, WorkbookSheet } from './write-sheet.ts';
export { writeWorkbook } from './write-workbook.ts';

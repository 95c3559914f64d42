/**
 * The Excel engine: a sheet is declared once as a list of columns, and files are read, checked and
 * planned against it. What the plan says is applied by its owner, in one transaction.
 */
export type { Cell, CellKind, Reading } from './cell.ts';
export { bad, good } from './cell.ts';
export { code, date, integer, text, yesNo } from './cell-kinds.ts';
export type { Fault } from './faults.ts';
export type { SheetFile } from './file.ts';
export type { Quantity } from './list-cells.ts';
export { list, quantities } from './list-cells.ts';
export { money } from './money-cell.ts';
export type { PassedOver } from './passed-over.ts';
export type {
  AnyImportPlan,
  FieldChange,
  ImportPlan,
  PlanCounts,
  PlanJson,
  PlanStep,
} from './plan.ts';
export { planImport, planReading, planToJson, rowTexts } from './plan.ts';
export type { ReadOptions, SheetReading } from './reading.ts';
export { readSheet } from './reading.ts';
export type { NewSheetRow, RowOf, Sheet, SheetPatch, SheetValues } from './sheet.ts';
export { checkValue, column, defineSheet } from './sheet.ts';

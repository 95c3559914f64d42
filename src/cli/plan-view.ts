import type { AnyImportPlan } from '../sheets/index.ts';
import { shownOf } from './pages.ts';
import type { Column } from './table.ts';

type Step = AnyImportPlan['steps'][number];

/** One line of a plan: a new row, or one field that changes. */
export interface PlanLine {
  row: number;
  key: string;
  what: string;
  before: string;
  after: string;
}

export const planColumns: Column<PlanLine>[] = [
  { header: 'row', value: (line) => line.row, align: 'right' },
  { header: 'key', value: (line) => line.key },
  { header: 'what', value: (line) => line.what },
  { header: 'before', value: (line) => line.before },
  { header: 'after', value: (line) => line.after },
];

/** What would be written, row by row; refused and unchanged rows have no line. */
export function planLines(plan: AnyImportPlan): PlanLine[] {
  return plan.steps.flatMap((step): PlanLine[] => {
    if (step.action === 'create') {
      return [{ row: step.row, key: step.key, what: 'new', before: '', after: createText(step) }];
    }
    if (step.action !== 'change') return [];
    return step.changes.map(({ header, beforeText, afterText }) => ({
      row: step.row,
      key: step.key,
      what: header,
      before: beforeText,
      after: afterText,
    }));
  });
}

function createText(step: Extract<Step, { action: 'create' }>): string {
  const { name } = step.values as { name?: unknown };
  return typeof name === 'string' ? name : '';
}

/** `services.xlsx, sheet "Prices", header in row 3`. */
export function planSource({ file, found }: AnyImportPlan): string {
  return `${file.name}, sheet "${found.sheet}", header in row ${found.headerRow}`;
}

/** `45 rows: 40 new, 2 changed, 1 as it is, 2 refused; 3 present ones not in the file`. */
export function planSummary({ counts }: AnyImportPlan): string {
  const { create, change, same, refuse, untouched } = counts;
  const parts = `${create} new, ${change} changed, ${same} as they are, ${refuse} refused`;
  const rows = shownOf(counts.rows, counts.rows, 'row');
  return `${rows}: ${parts}${untouched > 0 ? `; ${untouched} present ones are not in the file and stay` : ''}.`;
}

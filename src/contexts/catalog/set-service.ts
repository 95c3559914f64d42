import type { Issue } from '../../platform/errors.ts';
import { conflict, invalid } from '../../platform/errors.ts';
import type { CellKind, Reading } from '../../sheets/index.ts';
import { bad, checkValue } from '../../sheets/index.ts';
import type { Service, ServiceChanges } from './catalog.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { CHANGEABLE, differences } from './service-changes.ts';
import type { ServicesSheet } from './services-sheet.ts';
import { defineServicesSheet } from './services-sheet.ts';
import { lockService, writeHistory, writeServices } from './store.ts';

/** Changes one service and keeps what it was. See `Catalog.set`. */
export async function setService(
  context: CatalogDependencies,
  codeOrId: string,
  changes: ServiceChanges,
  { by, version }: { by: string; version?: number },
): Promise<{ before: Service; after: Service; changed: boolean }> {
  const checked = checkChanges(defineServicesSheet(context.currency), changes);
  return context.db.transaction().execute(async (trx) => {
    const before = await lockService(trx, codeOrId);
    if (version !== undefined && version !== before.version) {
      throw conflict(
        'service_changed',
        `${before.code} has been changed by somebody else: it has version ${before.version}, the change was made for version ${version}.`,
        { version: before.version },
      );
    }
    const now = context.clock.now();
    const after = { ...before, ...checked, version: before.version + 1, updatedAt: now };
    const changed = differences(before, after);
    if (Object.keys(changed).length === 0) return { before, after: before, changed: false };
    await writeServices(trx, [after]);
    await writeHistory(trx, [
      {
        id: context.ids.next(),
        serviceId: before.id,
        changedAt: now,
        changedBy: by,
        source: 'set',
        changes: changed,
      },
    ]);
    return { before, after, changed: true };
  });
}

/**
 * The same rules as for a workbook: each value is written as it would stand in a cell, and read
 * with the column's own kind.
 */
function checkChanges(sheet: ServicesSheet, changes: ServiceChanges): Partial<Service> {
  const issues: Issue[] = [];
  const checked: Record<string, unknown> = {};
  for (const field of CHANGEABLE) {
    const value = changes[field];
    if (value === undefined) continue;
    const column = sheet.columns.find((one) => one.key === field);
    if (isEmpty(value)) {
      if (!column?.clearable) issues.push({ path: field, message: 'It cannot be empty.' });
      checked[field] = field === 'supplies' ? [] : null;
      continue;
    }
    const reading = readAsCell(sheet, field, value);
    if (reading.ok) checked[field] = reading.value;
    else {
      const hint = reading.suggestion === undefined ? '' : ` Did you mean "${reading.suggestion}"?`;
      issues.push({ path: field, message: `Expected ${reading.expected}.${hint}` });
    }
  }
  if (issues.length > 0) {
    const list = issues.map(({ path, message }) => `${path}: ${message}`).join(' ');
    throw invalid(`The service cannot be changed like this. ${list}`, issues, 'invalid_service');
  }
  return checked;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function readAsCell(sheet: ServicesSheet, field: string, value: unknown): Reading<unknown> {
  const kind: CellKind<unknown> | undefined = sheet.columns.find((one) => one.key === field)?.kind;
  if (!kind) return bad('a field of a service');
  const reading = checkValue(kind, value);
  // An item with a separator in it would come back as two.
  const torn = reading.ok && lengthOf(reading.value) !== lengthOf(value);
  return torn ? bad('items without semicolons and line breaks') : reading;
}

function lengthOf(value: unknown): number | null {
  return Array.isArray(value) ? value.length : null;
}

import { planReading, readSheet, type SheetFile } from '../../sheets/index.ts';
import type { Service, ServicesImport, ServicesPlan } from './catalog.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { differences } from './service-changes.ts';
import type { ServicePatch, ServiceRow } from './services-sheet.ts';
import { defineServicesSheet } from './services-sheet.ts';
import type { ChangeRecord } from './store.ts';
import { lockServices, servicesByCode, writeHistory, writeServices } from './store.ts';

/** What an import would do. See `Catalog.planServices`. */
export async function planServices(
  { db, currency }: CatalogDependencies,
  file: SheetFile,
  options: { sheet?: string },
): Promise<ServicesPlan> {
  const reading = await readSheet(defineServicesSheet(currency), file, options);
  return planReading(reading, asRows(await servicesByCode(db)));
}

/** Imports a workbook, all or nothing. See `Catalog.importServices`. */
export async function importServices(
  context: CatalogDependencies,
  file: SheetFile,
  { by, acceptGood = false, sheet }: { by: string; acceptGood?: boolean; sheet?: string },
): Promise<ServicesImport> {
  // The slow part comes first: no lock is held while a workbook is read.
  const reading = await readSheet(defineServicesSheet(context.currency), file, { sheet });
  return context.db.transaction().execute(async (trx) => {
    await lockServices(trx);
    const present = await servicesByCode(trx);
    const plan = planReading(reading, asRows(present));
    if (plan.counts.refuse > 0 && !acceptGood) return { plan, applied: false };
    const { services, history } = changedServices(context, plan, present, by);
    await writeServices(trx, services);
    await writeHistory(trx, history);
    return { plan, applied: true };
  });
}

/** The present services as rows of the sheet. */
function asRows(services: ReadonlyMap<string, Service>): Map<string, ServiceRow> {
  const rows = new Map<string, ServiceRow>();
  for (const [code, service] of services) {
    const { name, category, priceMinor, durationMinutes, skills, active, notes } = service;
    const supplies = service.supplies.length === 0 ? null : service.supplies;
    rows.set(code, {
      code,
      name,
      category,
      priceMinor,
      durationMinutes,
      skills,
      supplies,
      active,
      notes,
    });
  }
  return rows;
}

function changedServices(
  { clock, ids }: CatalogDependencies,
  plan: ServicesPlan,
  present: ReadonlyMap<string, Service>,
  by: string,
): { services: Service[]; history: ChangeRecord[] } {
  const now = clock.now();
  const services: Service[] = [];
  const history: ChangeRecord[] = [];
  for (const step of plan.steps) {
    if (step.action !== 'create' && step.action !== 'change') continue;
    const before = present.get(step.key) ?? null;
    const base = before ?? newService(ids.next(), step.key, now);
    const version = before === null ? 1 : before.version + 1;
    const after = { ...base, ...withoutNulls(step.values), version, updatedAt: now };
    services.push(after);
    history.push({
      id: ids.next(),
      serviceId: after.id,
      changedAt: now,
      changedBy: by,
      source: `import ${plan.file.name}`,
      changes: differences(before, after),
    });
  }
  return { services, history };
}

/** A service before the file says anything of it: on sale, without price and supplies. */
function newService(id: string, code: string, now: Date): Service {
  return {
    id,
    code,
    name: '',
    category: '',
    priceMinor: null,
    durationMinutes: 0,
    skills: [],
    supplies: [],
    active: true,
    notes: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

/** Cleared supplies are an empty list; `active` cannot be cleared, so null never reaches it. */
function withoutNulls(values: ServicePatch): Partial<Service> {
  const { supplies, active, ...others } = values;
  return {
    ...others,
    ...(supplies === undefined ? {} : { supplies: supplies ?? [] }),
    ...(active === undefined || active === null ? {} : { active }),
  };
}

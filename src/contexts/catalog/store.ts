import { sql } from 'kysely';
import { StewardError } from '../../platform/errors.ts';
import { isUuid } from '../../platform/ids.ts';
import type { Executor, Transaction } from '../../platform/postgres/database.ts';
import type { Service, ServiceChange } from './catalog.ts';
import type { CatalogTables } from './tables.ts';

/** Columns of a service under their names in the domain. */
export const SERVICE_COLUMNS = [
  'id',
  'code',
  'name',
  'category',
  'price_minor as priceMinor',
  'duration_minutes as durationMinutes',
  'skills',
  'supplies',
  'active',
  'notes',
  'version',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

/**
 * One service by its id, or its code in any case.
 * @throws StewardError `service_not_found`
 */
export async function requireService(
  db: Executor<CatalogTables>,
  codeOrId: string,
): Promise<Service> {
  const service = await byCodeOrId(db, codeOrId).executeTakeFirst();
  if (!service) throw serviceNotFound(codeOrId);
  return service;
}

/**
 * The same, locked until the end of the transaction.
 * @throws StewardError `service_not_found`
 */
export async function lockService(
  trx: Transaction<CatalogTables>,
  codeOrId: string,
): Promise<Service> {
  const service = await byCodeOrId(trx, codeOrId).forUpdate().executeTakeFirst();
  if (!service) throw serviceNotFound(codeOrId);
  return service;
}

function byCodeOrId(db: Executor<CatalogTables>, codeOrId: string) {
  const query = db.selectFrom('catalog.services').select(SERVICE_COLUMNS);
  return isUuid(codeOrId)
    ? query.where('id', '=', codeOrId)
    : query.where('code', '=', codeOrId.trim().toUpperCase());
}

function serviceNotFound(codeOrId: string): StewardError {
  const shown = codeOrId.slice(0, 80);
  return new StewardError('not_found', 'service_not_found', `There is no service "${shown}".`, {
    data: { id: shown },
  });
}

/** Every service, by code. A catalog is a few hundred. */
export async function servicesByCode(db: Executor<CatalogTables>): Promise<Map<string, Service>> {
  const services = await db.selectFrom('catalog.services').select(SERVICE_COLUMNS).execute();
  return new Map(services.map((service) => [service.code, service]));
}

/**
 * Lets nobody else write services until the end of the transaction; reading, and placing orders,
 * go on. Locking rows would not keep another import from adding the same code.
 */
export async function lockServices(trx: Transaction<CatalogTables>): Promise<void> {
  await sql`lock table catalog.services in share row exclusive mode`.execute(trx);
}

/**
 * Writes services as they are given, new ones and changed ones, whatever their number, in one
 * statement. `version` and `createdAt` come from the caller.
 */
export async function writeServices(
  trx: Transaction<CatalogTables>,
  services: readonly Service[],
): Promise<void> {
  if (services.length === 0) return;
  const rows = JSON.stringify(
    services.map((service) => ({
      id: service.id,
      code: service.code,
      name: service.name,
      category: service.category,
      price_minor: service.priceMinor?.toString() ?? null,
      duration_minutes: service.durationMinutes,
      skills: service.skills,
      supplies: service.supplies,
      active: service.active,
      notes: service.notes,
      version: service.version,
      created_at: service.createdAt,
      updated_at: service.updatedAt,
    })),
  );
  await sql`
    insert into catalog.services (id, code, name, category, price_minor, duration_minutes, skills,
      supplies, active, notes, version, created_at, updated_at)
    select id, code, name, category, price_minor, duration_minutes, skills, supplies, active, notes,
      version, created_at, updated_at
    from jsonb_to_recordset(${rows}::jsonb) as row (id uuid, code text, name text, category text,
      price_minor bigint, duration_minutes int, skills text[], supplies jsonb, active boolean,
      notes text, version int, created_at timestamptz, updated_at timestamptz)
    on conflict (id) do update set name = excluded.name, category = excluded.category,
      price_minor = excluded.price_minor, duration_minutes = excluded.duration_minutes,
      skills = excluded.skills, supplies = excluded.supplies, active = excluded.active,
      notes = excluded.notes, version = excluded.version, updated_at = excluded.updated_at
  `.execute(trx);
}

/** One line of history, as it is stored. */
export interface ChangeRecord {
  id: string;
  serviceId: string;
  changedAt: Date;
  changedBy: string;
  source: string;
  changes: ServiceChange['changes'];
}

/** Adds to the history, in the transaction of the change itself. */
export async function writeHistory(
  trx: Transaction<CatalogTables>,
  records: readonly ChangeRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const rows = JSON.stringify(
    records.map((record) => ({
      id: record.id,
      service_id: record.serviceId,
      changed_at: record.changedAt,
      changed_by: record.changedBy,
      source: record.source,
      changes: record.changes,
    })),
  );
  await sql`
    insert into catalog.service_changes (id, service_id, changed_at, changed_by, source, changes)
    select id, service_id, changed_at, changed_by, source, changes
    from jsonb_to_recordset(${rows}::jsonb) as row (id uuid, service_id uuid,
      changed_at timestamptz, changed_by text, source text, changes jsonb)
  `.execute(trx);
}

/** The history of a service, newest first. */
export function readHistory(
  db: Executor<CatalogTables>,
  serviceId: string,
): Promise<ServiceChange[]> {
  return db
    .selectFrom('catalog.service_changes')
    .select(['changed_at as changedAt', 'changed_by as changedBy', 'source', 'changes'])
    .where('service_id', '=', serviceId)
    .orderBy('changed_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

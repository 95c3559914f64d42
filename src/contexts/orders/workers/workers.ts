import { sql } from 'kysely';
import { z } from 'zod';
import { conflict, forbidden, notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import { sqlState } from '../../../platform/postgres/database-errors.ts';
import type { PersonalData } from '../../../stream/index.ts';
import type { OrdersDependencies } from '../dependencies.ts';
import { meanStars } from '../order-views.ts';
import type { FieldChange, Worker, WorkerChange, WorkerInput, Workers } from '../orders.ts';
import type { OrdersTables } from '../tables.ts';
import { parseWorker, workerInputSchema } from './worker-input.ts';

type Deps = Pick<OrdersDependencies, 'db' | 'clock' | 'ids' | 'rules'>;

const UNIQUE_VIOLATION = '23505';

/** Who carries orders out. */
export function createWorkers(deps: Deps): Workers {
  return {
    add: (input) => addWorker(deps, input),

    async identify(subject) {
      const row = await deps.db
        .selectFrom('orders.workers')
        .select('id')
        .where('subject', '=', subject)
        .executeTakeFirst();
      if (!row) {
        throw forbidden('not_a_worker', 'This token is not of a worker of ours.');
      }
      return row.id;
    },

    async list(filter, page) {
      const after = decodeCursor(page.cursor, [z.string(), z.uuid()]);
      let query = selectWorkers(deps.db)
        .orderBy('name')
        .orderBy('id')
        .limit(page.limit + 1);
      if (after) {
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('name', 'id'), '>', tuple(after[0], after[1])),
        );
      }
      if (filter.active !== undefined) query = query.where('active', '=', filter.active);
      if (filter.city) query = query.where(sql`lower(city)`, '=', filter.city.trim().toLowerCase());
      if (filter.skill) {
        query = query.where(sql<boolean>`skills @> ${[filter.skill.trim().toLowerCase()]}::text[]`);
      }
      if (filter.search) {
        query = query.where('name', 'ilike', `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`);
      }
      const rows = await query.execute();
      return toPage(rows, page.limit, (row) => [row.name, row.id], toWorker);
    },

    async get(id) {
      const row = await findWorker(deps.db, id);
      if (!row) throw notFound('worker', id);
      return toWorker(row);
    },

    set: (id, changes, options) => setWorker(deps, id, changes, options?.dryRun ?? false),
  };
}

async function addWorker(deps: Deps, raw: WorkerInput): Promise<Worker> {
  const input = parseWorker(workerInputSchema, raw);
  const now = deps.clock.now();
  const id = deps.ids.next();
  try {
    return await deps.db.transaction().execute(async (tx) => {
      const row = await tx
        .insertInto('orders.workers')
        .values({
          id,
          subject: input.subject ?? id,
          name: input.name,
          email: input.email ?? null,
          phone: input.phone ?? null,
          city: input.city,
          skills: input.skills,
          strengths: input.strengths ?? [],
          weaknesses: input.weaknesses ?? [],
          notes: input.notes ?? null,
          standing: deps.rules.standingPrior.stars,
          created_at: now,
          updated_at: now,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await writePersonal(tx, row, now);
      return toWorker(row);
    });
  } catch (error) {
    throw subjectTaken(error, input.subject);
  }
}

async function setWorker(
  deps: Deps,
  id: string,
  raw: Partial<WorkerInput> & { active?: boolean },
  dryRun: boolean,
): Promise<WorkerChange> {
  const input = parseWorker(
    workerInputSchema.partial().extend({ active: z.boolean().optional() }),
    raw,
  );
  const now = deps.clock.now();
  try {
    return await deps.db.transaction().execute(async (tx) => {
      const row = isUuid(id)
        ? // Orders refer to the worker: those being placed end before the live ones are counted.
          await selectWorkers(tx).where('id', '=', id).forUpdate().executeTakeFirst()
        : undefined;
      if (!row) throw notFound('worker', id);
      const before = toWorker(row);
      const changes = fieldChanges(before, input);
      const liveOrders = await readLiveOrders(tx, id);
      if (dryRun || changes.length === 0) {
        return { worker: before, changes, liveOrders, applied: false };
      }
      const after = await tx
        .updateTable('orders.workers')
        .set({
          ...Object.fromEntries(changes.map(({ field, after }) => [field, after])),
          ...(input.active === undefined ? {} : { deactivated_at: input.active ? null : now }),
          updated_at: now,
          version: row.version + 1,
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await writePersonal(tx, after, now);
      return { worker: toWorker(after), changes, liveOrders, applied: true };
    });
  } catch (error) {
    throw subjectTaken(error, input.subject);
  }
}

/** Fields whose column has the same name; only those can be changed by people. */
function fieldChanges(
  before: Worker,
  input: Partial<WorkerInput> & { active?: boolean },
): FieldChange[] {
  return Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .map(([field, after]) => ({ field, before: before[field as keyof Worker], after }))
    .filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after ?? null));
}

function readLiveOrders(db: Executor<OrdersTables>, workerId: string): Promise<string[]> {
  return db
    .selectFrom('orders.orders')
    .select('id')
    .where('worker_id', '=', workerId)
    .where('status', 'in', ['assigned', 'supplied', 'started'])
    .orderBy('scheduled_at')
    .execute()
    .then((rows) => rows.map((row) => row.id));
}

function selectWorkers(db: Executor<OrdersTables>) {
  return db.selectFrom('orders.workers').selectAll();
}

function findWorker(db: Executor<OrdersTables>, id: string) {
  return isUuid(id) ? selectWorkers(db).where('id', '=', id).executeTakeFirst() : undefined;
}

type WorkerRow = NonNullable<Awaited<ReturnType<typeof findWorker>>>;

function toWorker(row: WorkerRow): Worker {
  return {
    id: row.id,
    subject: row.subject,
    name: row.name,
    email: row.email,
    phone: row.phone,
    city: row.city,
    skills: row.skills,
    strengths: row.strengths,
    weaknesses: row.weaknesses,
    notes: row.notes,
    active: row.active,
    rating: meanStars(row.stars_sum, row.stars_count),
    ratingCount: row.stars_count,
    completedOrders: row.completed_orders,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deactivatedAt: row.deactivated_at,
  };
}

async function writePersonal(
  tx: Transaction<OrdersTables>,
  worker: WorkerRow,
  now: Date,
): Promise<void> {
  const { name, email, phone, subject } = worker;
  const data = JSON.stringify({ name, email, phone, subject } satisfies PersonalData['worker']);
  await tx
    .insertInto('stream.personal')
    .values({ subject_id: worker.id, kind: 'worker', data, updated_at: now })
    .onConflict((oc) =>
      oc
        .column('subject_id')
        .doUpdateSet({ data, updated_at: now })
        // Who was erased stays erased.
        .where('stream.personal.erased_at', 'is', null),
    )
    .execute();
}

function subjectTaken(error: unknown, subject: string | undefined): unknown {
  if (sqlState(error) !== UNIQUE_VIOLATION) return error;
  return conflict('subject_taken', `Another worker has the token subject "${subject}".`, {
    subject,
  });
}

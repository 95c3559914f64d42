import { tmpdir } from 'node:os';
import { sql } from 'kysely';
import { pino } from 'pino';
import { createTestDatabase } from '../../../test/database.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { createVirtualClock, systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { createPhotoStore } from '../../platform/storage/index.ts';
import type { Actor } from '../../stream/index.ts';
import { type CatalogTables, createCatalog } from '../catalog/index.ts';
import { createMatching } from '../matching/index.ts';
import { createSandboxContractor } from './cookies/contractor.ts';
import { createOrders } from './create-orders.ts';
import type { OrdersDependencies } from './dependencies.ts';
import type { OrderAnswer, PlaceOrderRequest, WorkerInput } from './orders.ts';
import { ordersRulesSchema } from './rules.ts';
import type { OrdersTables } from './tables.ts';

type TestTables = OrdersTables & CatalogTables;

/** A Monday morning. */
export const MONDAY = new Date('2026-11-23T08:00:00Z');

/** A PNG of one red pixel, with room behind it: the smallest thing that is a photo. */
export const PHOTO = Buffer.concat([
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
  Buffer.alloc(100),
]);

/** Order execution on a real database of its own, with the rights of the API and a virtual clock. */
export async function openTestOrders(change: Partial<OrdersDependencies> = {}) {
  const database = await createTestDatabase<TestTables>();
  const clock = createVirtualClock(MONDAY);
  const ids = createIds(clock);
  let commits = 0;
  const dependencies: OrdersDependencies = {
    db: database.open('steward_api'),
    clock,
    ids,
    log: pino({ level: 'silent' }),
    rules: ordersRulesSchema.parse({}),
    timeZone: 'UTC',
    currency: 'USD',
    catalog: createCatalog({
      db: database.db,
      clock: systemClock,
      ids,
      currency: 'USD',
    }),
    matching: await createMatching({}, { resolveFrom: tmpdir() }),
    photos: createPhotoStore({
      kind: 'files',
      folder: temporaryFolder('photos'),
    }),
    contractor: createSandboxContractor({ clock, delaySeconds: 120 }),
    committed: () => {
      commits += 1;
    },
    ...change,
  };
  const context = createOrders(dependencies);
  /** As the processes that run jobs, and people with all rights, see it. */
  const asWorker = createOrders({ ...dependencies, db: database.open('steward_worker') });
  const asOwner = createOrders({ ...dependencies, db: database.db });
  await addService(database.db, 'CLEAN-STD', ['cleaning'], 120);
  const hour = (hours: number) => new Date(MONDAY.getTime() + hours * 3_600_000);
  const customer = async (subject = 'anna'): Promise<Actor> => ({
    kind: 'customer',
    id: await context.customers.identify({
      subject,
      name: subject,
      email: `${subject}@example.org`,
    }),
  });
  return {
    ...context,
    asWorker,
    asOwner,
    dependencies,
    database,
    db: database.db,
    clock,
    hour,
    customer,
    commits: () => commits,
    addService: (code: string, skills: string[], minutes: number) =>
      addService(database.db, code, skills, minutes),
    addWorker: (input: Partial<WorkerInput> = {}) =>
      asOwner.workers.add({ name: 'Wanda', city: 'Oldtown', skills: ['cleaning'], ...input }),
    place: async (
      actor: Actor,
      scheduledAt: Date,
      request: Partial<PlaceOrderRequest> = {},
    ): Promise<OrderAnswer> =>
      context.orders.place(actor, actor.id, {
        service: 'CLEAN-STD',
        place: { city: 'Oldtown', address: 'Main street 1' },
        scheduledAt,
        ...request,
      }),
  };
}

export type TestOrders = Awaited<ReturnType<typeof openTestOrders>>;

async function addService(
  db: Database<TestTables>,
  code: string,
  skills: string[],
  minutes: number,
): Promise<void> {
  await sql`
    insert into catalog.services (id, code, name, category, price_minor, duration_minutes, skills,
      supplies, active, created_at, updated_at)
    values (gen_random_uuid(), ${code}, ${`Service ${code}`}, 'Cleaning', 8900, ${minutes},
      ${skills}, ${'[{"item": "Cloth pack", "quantity": 2}]'}, true, now(), now())`.execute(db);
}

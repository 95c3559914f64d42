import { sql } from 'kysely';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { ProviderEvent } from '../provider/provider.ts';

type Deps = Pick<PaymentsDependencies, 'db' | 'provider' | 'clock'>;

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const LEASE_MS = 120 * SECOND_MS;
/** An event that fails so often, for so long, is left for people to look at. */
const MAX_ATTEMPTS = 20;
const GIVEN_UP_AFTER_DAYS = 3;
const MAX_ERROR_LENGTH = 500;

/** Objects of these kinds are looked at; of the others there is nothing to do. */
const LOOKED_AT: ReadonlySet<ProviderEvent['about']> = new Set([
  'charge',
  'refund',
  'dispute',
  'transfer',
  'method',
]);

/** Several events are about one object: it is looked at once for all of them. */
export interface EventGroup {
  about: ProviderEvent['about'];
  objectRef: string;
  ids: string[];
}

/** Keeps events, each once by the provider's id. @returns how many were new */
export async function storeEvents(
  deps: Deps,
  events: readonly ProviderEvent[],
  source: 'webhook' | 'poll',
): Promise<number> {
  if (events.length === 0) return 0;
  const now = deps.clock.now();
  const result = await deps.db
    .insertInto('payments.provider_events')
    .values(
      events.map((event) => {
        const nothingToDo = !LOOKED_AT.has(event.about) || event.objectRef === null;
        return {
          provider: deps.provider.name,
          id: event.id,
          type: event.type,
          about: event.about,
          object_ref: event.objectRef,
          source,
          created_at: event.createdAt,
          received_at: now,
          payload: payloadText(event.payload),
          status: nothingToDo ? ('done' as const) : ('waiting' as const),
          due_at: now,
          done_at: nothingToDo ? now : null,
        };
      }),
    )
    .onConflict((conflict) => conflict.columns(['provider', 'id']).doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0n);
}

/** PostgreSQL's JSON takes no NUL and no half characters; such a payload is not kept. */
function payloadText(payload: unknown): string | null {
  const text = JSON.stringify(payload ?? null);
  return /\\u0000|\\ud[89a-f]/i.test(text) ? null : text;
}

/** Takes all that waits about some objects, for as long as a lease. */
export async function claimEvents(deps: Deps, objects: number): Promise<EventGroup[]> {
  const now = deps.clock.now();
  const { rows } = await sql<{ id: string; about: ProviderEvent['about']; object_ref: string }>`
    update payments.provider_events e
    set due_at = ${new Date(now.getTime() + LEASE_MS)}, attempts = e.attempts + 1
    where e.provider = ${deps.provider.name} and e.id in (
      select w.id from payments.provider_events w
      where w.provider = ${deps.provider.name} and w.status = 'waiting' and w.due_at <= ${now}
        and w.object_ref in (
          select object_ref from payments.provider_events
          where provider = ${deps.provider.name} and status = 'waiting' and due_at <= ${now}
          order by due_at limit ${objects})
      for update skip locked)
    returning e.id, e.about, e.object_ref`.execute(deps.db);
  return [...Map.groupBy(rows, (row) => `${row.about} ${row.object_ref}`).values()].flatMap(
    (group) => {
      const [first] = group;
      if (!first) return [];
      const { about, object_ref: objectRef } = first;
      return [{ about, objectRef, ids: group.map((row) => row.id) }];
    },
  );
}

export async function markDone(deps: Deps, ids: readonly string[]): Promise<void> {
  await sql`
    update payments.provider_events
    set status = 'done', done_at = ${deps.clock.now()}, error = null
    where provider = ${deps.provider.name} and id = any(${[...ids]}::text[])`.execute(deps.db);
}

/** Tried again later: after 10 s, doubled up to an hour. */
export async function markFailed(
  deps: Deps,
  ids: readonly string[],
  error: unknown,
): Promise<void> {
  const now = deps.clock.now();
  const text = (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_LENGTH);
  const givenUp = new Date(now.getTime() - GIVEN_UP_AFTER_DAYS * 24 * HOUR_MS);
  await sql`
    update payments.provider_events
    set error = ${text.replaceAll('\u0000', '')},
      due_at = ${now}::timestamptz + least(interval '10 seconds' * 2 ^ least(attempts - 1, 10),
        interval '1 hour'),
      status = case when attempts >= ${MAX_ATTEMPTS} and received_at <= ${givenUp}
        then 'failed' else 'waiting' end
    where provider = ${deps.provider.name} and id = any(${[...ids]}::text[])`.execute(deps.db);
}

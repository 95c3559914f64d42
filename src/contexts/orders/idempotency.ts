import { sql } from 'kysely';
import { StewardError } from '../../platform/errors.ts';
import type { Transaction } from '../../platform/postgres/database.ts';
import type { Actor, ExtendedOrder } from '../../stream/index.ts';
import type { Idempotency } from './orders.ts';
import type { OrdersTables } from './tables.ts';

type Write = Transaction<OrdersTables>;

/** Who asks: the scope within which an idempotency key is unique. */
export function principalOf(actor: Actor): string {
  return `${actor.kind}:${actor.id}`;
}

/**
 * Claims the key for this transaction, or returns what the same request did before.
 * @throws StewardError `request_in_flight`, `idempotency_key_reused`
 */
export async function claimKey(
  tx: Write,
  actor: Actor,
  idempotency: Idempotency,
): Promise<ExtendedOrder | undefined> {
  const principal = principalOf(actor);
  const { rows: locks } = await sql<{ free: boolean }>`
    select pg_try_advisory_xact_lock(
      hashtextextended(${principal} || ' ' || ${idempotency.key}, 1)) as free`.execute(tx);
  if (!locks[0]?.free) throw requestInFlight();
  const known = await tx
    .selectFrom('orders.idempotency_keys as k')
    .innerJoin('stream.order_events as e', (join) =>
      join.onRef('e.order_id', '=', 'k.order_id').onRef('e.version', '=', 'k.version'),
    )
    .select(['k.request_hash', 'e.snapshot'])
    .where('k.principal', '=', principal)
    .where('k.key', '=', idempotency.key)
    .executeTakeFirst();
  if (!known) return undefined;
  assertSameRequest(Buffer.from(known.request_hash), idempotency);
  return known.snapshot;
}

export async function recordKey(
  tx: Write,
  actor: Actor,
  idempotency: Idempotency,
  done: { orderId: string; version: number; now: Date },
): Promise<void> {
  await tx
    .insertInto('orders.idempotency_keys')
    .values({
      principal: principalOf(actor),
      key: idempotency.key,
      request_hash: Buffer.from(idempotency.requestHash),
      order_id: done.orderId,
      version: done.version,
      created_at: done.now,
    })
    .execute();
}

/** @throws StewardError `idempotency_key_reused` where the stored hash is another request's */
export function assertSameRequest(stored: Uint8Array, idempotency: Idempotency | undefined): void {
  if (idempotency && Buffer.from(stored).equals(Buffer.from(idempotency.requestHash))) return;
  throw keyReused();
}

export function keyReused(): StewardError {
  return new StewardError(
    'invalid',
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request. A new request needs a new key.',
  );
}

export function requestInFlight(): StewardError {
  return new StewardError(
    'conflict',
    'request_in_flight',
    'The same request is being done at this moment. Ask again in a second for its answer.',
  );
}

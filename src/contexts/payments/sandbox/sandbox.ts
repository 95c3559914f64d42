import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock } from '../../../platform/clock.ts';
import type { Ids } from '../../../platform/ids.ts';
import type { Database, Transaction } from '../../../platform/postgres/database.ts';
import { type BalanceEntry, NotSent, type ProviderEvent } from '../provider/provider.ts';

/**
 * What the sandbox is made of. Its tables are in schema `sandbox` of payments' database, but it plays
 * the outside world: it opens transactions of its own and takes part in nobody else's.
 */
export interface Sandbox<Tables = unknown> {
  db: Database<Tables>;
  clock: Clock;
  ids: Ids;
}

/** As Stripe: a key is forgotten after a day. */
const KEY_HOURS = 24;

/** A new id that looks like the provider's own. */
export function newRef<Tables>(box: Sandbox<Tables>, prefix: string): string {
  return `${prefix}_sandbox_${box.ids.next().replaceAll('-', '')}`;
}

/**
 * Does something once per idempotency key: the same key with the same request gets the same answer,
 * also from ten processes at once.
 * @throws NotSent `refused` for a key that came with another request before
 */
export async function once<Tables, Request extends { idempotencyKey: string }, Answer>(
  box: Sandbox<Tables>,
  operation: string,
  request: Request,
  make: (tx: Transaction<Tables>) => Promise<Answer>,
): Promise<Answer> {
  const { idempotencyKey: key, ...rest } = request;
  const content = store([operation, Object.entries(rest).sort(byName)]);
  const fingerprint = createHash('sha256').update(content).digest('hex');
  const now = box.clock.now();
  const forgotten = new Date(now.getTime() - KEY_HOURS * 3_600_000);
  return box.db.transaction().execute(async (tx) => {
    // Whoever comes second waits here until the first has its answer, or has failed.
    const { rows: mine } = await sql`
      insert into sandbox.keys as k (key, fingerprint, made_at)
      values (${key}, ${fingerprint}, ${now})
      on conflict (key) do update
        set fingerprint = excluded.fingerprint, answer = null, made_at = excluded.made_at
        where k.made_at <= ${forgotten}
      returning key`.execute(tx);
    if (mine.length === 0) return readAnswer<Tables, Answer>(tx, key, fingerprint);
    const answer = await make(tx);
    await sql`update sandbox.keys set answer = ${store(answer)}::jsonb where key = ${key}`.execute(
      tx,
    );
    return answer;
  });
}

async function readAnswer<Tables, Answer>(
  tx: Transaction<Tables>,
  key: string,
  fingerprint: string,
): Promise<Answer> {
  const { rows } = await sql<{ fingerprint: string; answer: string }>`
    select fingerprint, answer::text as answer from sandbox.keys where key = ${key}`.execute(tx);
  const [known] = rows;
  if (known?.fingerprint === fingerprint) return restore(known.answer) as Answer;
  throw new NotSent(
    'refused',
    `The idempotency key "${key}" came with another request before; a key stands for one request.`,
    'idempotency_error',
  );
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** JSON in which amounts and moments come back as what they were. */
function store(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, name, plain: unknown) {
    // A date is text by the time it gets here, except in its holder.
    const held = this[name];
    if (held instanceof Date) return { $date: held.toISOString() };
    return typeof plain === 'bigint' ? { $bigint: String(plain) } : plain;
  });
}

function restore(text: string): unknown {
  return JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$date' in value) return new Date(String(value.$date));
    return '$bigint' in value ? BigInt(String(value.$bigint)) : value;
  });
}

/** Tells that something happened to an object: found by polling. */
export async function tell<Tables>(
  box: Sandbox<Tables>,
  tx: Transaction<Tables>,
  event: Pick<ProviderEvent, 'type' | 'about' | 'objectRef'>,
): Promise<void> {
  await sql`
    insert into sandbox.events (id, type, about, object_ref, created_at)
    values (${newRef(box, 'evt')}, ${event.type}, ${event.about}, ${event.objectRef},
      ${box.clock.now()})`.execute(tx);
}

/** Moves our balance with the provider. */
export async function moveBalance<Tables>(
  box: Sandbox<Tables>,
  tx: Transaction<Tables>,
  entry: Omit<BalanceEntry, 'ref' | 'createdAt'>,
): Promise<string> {
  const ref = newRef(box, 'txn');
  await sql`
    insert into sandbox.balance
      (ref, kind, source_ref, amount_minor, fee_minor, currency, created_at)
    values (${ref}, ${entry.kind}, ${entry.sourceRef}, ${entry.amountMinor}, ${entry.feeMinor},
      ${entry.currency}, ${box.clock.now()})`.execute(tx);
  return ref;
}

/** A request that cannot be: nothing happened, and nothing will by trying again. */
export function refused(code: string, message: string): NotSent {
  return new NotSent('refused', message, code);
}

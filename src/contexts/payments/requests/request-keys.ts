import { sql } from 'kysely';
import type { Clock } from '../../../platform/clock.ts';
import { conflict, StewardError } from '../../../platform/errors.ts';
import type { Database } from '../../../platform/postgres/database.ts';

/** A request that is safe to send twice. */
export interface KeyedRequest {
  /** Hash of the one who asks: a key is theirs alone. */
  subjectKey: string;
  key: string;
  /** Over all that is asked for. */
  requestHash: Uint8Array;
}

/** What was answered under which key, for requests that ask the provider for something. */
export interface RequestKeys {
  /**
   * Does the work once per key; later requests get the first one's answer. Work that failed leaves
   * nothing behind: the next request tries again.
   * @param work answers with plain JSON
   * @throws `idempotency_key_reused`, `request_in_flight`, and whatever the work throws
   */
  once<T extends object>(
    request: KeyedRequest,
    work: () => Promise<T>,
  ): Promise<{ answer: T; replayed: boolean }>;
  /** Deletes what is forgotten anyway. @returns how many keys */
  purge(): Promise<number>;
}

/** Whoever claimed a key and has not answered by then has died: the next request takes it over. */
const CLAIM_SECONDS = 60;
/** As with orders. */
const KEPT_DAYS = 7;

/** No transaction is open while the work asks the provider: a claim with an end stands instead. */
export function createRequestKeys<Tables>(deps: {
  db: Database<Tables>;
  clock: Clock;
}): RequestKeys {
  const { db, clock } = deps;
  return {
    once: async <T extends object>(request: KeyedRequest, work: () => Promise<T>) => {
      const claimedAt = clock.now();
      const known = await claim<Tables, T>(db, request, claimedAt);
      if (known) return { answer: known, replayed: true };
      try {
        const answer = await work();
        await sql`
          update payments.request_keys set answer = ${JSON.stringify(answer)}::jsonb
          where subject_key = ${request.subjectKey} and key = ${request.key}
            and claimed_at = ${claimedAt} and answer is null`.execute(db);
        return { answer, replayed: false };
      } catch (error) {
        await giveBack(db, request, claimedAt).catch(() => undefined);
        throw error;
      }
    },
    purge: async () => {
      const { numAffectedRows } = await sql`
        delete from payments.request_keys
        where claimed_at < ${forgottenBefore(clock.now())}`.execute(db);
      return Number(numAffectedRows ?? 0);
    },
  };
}

/** @returns the answer of an earlier request, or undefined where the work is ours to do */
async function claim<Tables, T>(
  db: Database<Tables>,
  { subjectKey, key, requestHash }: KeyedRequest,
  now: Date,
): Promise<T | undefined> {
  const hash = Buffer.from(requestHash);
  const lost = new Date(now.getTime() - CLAIM_SECONDS * 1_000);
  const claimed = await sql`
    insert into payments.request_keys as k (subject_key, key, request_hash, claimed_at)
    values (${subjectKey}, ${key}, ${hash}, ${now})
    on conflict (subject_key, key) do update
      set request_hash = excluded.request_hash, answer = null, claimed_at = excluded.claimed_at
      where k.claimed_at < ${forgottenBefore(now)}
        or (k.answer is null and k.claimed_at < ${lost} and k.request_hash = ${hash})
    returning 1`.execute(db);
  if (claimed.rows.length > 0) return undefined;
  const { rows } = await sql<{ request_hash: Uint8Array; answer: T | null }>`
    select request_hash, answer from payments.request_keys
    where subject_key = ${subjectKey} and key = ${key}`.execute(db);
  const [row] = rows;
  if (row && !hash.equals(row.request_hash)) {
    throw new StewardError(
      'invalid',
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request. A new request needs a new key.',
    );
  }
  if (row?.answer) return row.answer;
  throw conflict(
    'request_in_flight',
    'The same request is being done at this moment. Ask again in a second for its answer.',
  );
}

function forgottenBefore(now: Date): Date {
  return new Date(now.getTime() - KEPT_DAYS * 86_400_000);
}

async function giveBack<Tables>(
  db: Database<Tables>,
  { subjectKey, key }: KeyedRequest,
  claimedAt: Date,
): Promise<void> {
  await sql`
    delete from payments.request_keys
    where subject_key = ${subjectKey} and key = ${key} and claimed_at = ${claimedAt}
      and answer is null`.execute(db);
}

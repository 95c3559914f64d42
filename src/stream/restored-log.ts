import { sql } from 'kysely';
import { conflict } from '../platform/errors.ts';
import type { Executor } from '../platform/postgres/database.ts';
import type { Cursor } from './extended-order.ts';
import { xidBase } from './read-events.ts';
import type { StreamTables } from './tables.ts';

export interface LogState {
  /** `restored`: this is another cluster than the one that handed out the transaction ids. */
  log: 'ready' | 'restored';
  /** A standby, which may be behind what a consumer read on the primary. */
  replica: boolean;
  /** Whether the event that the consumer read last is in the log. */
  hasEvent: boolean;
  /** Whether the cursor is of an earlier epoch than the present one. */
  earlierEpoch: boolean;
}

export interface RebaseReport {
  /** Counts how often the log has moved to another cluster; starts with 1. */
  epoch: number;
  /** Events written between the restore and now, which were given their place. */
  eventsMoved: number;
}

/** What {@link rebaseAfterMigrate} needs of a `pg` client. */
interface Queryable {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

/**
 * Looks whether the log can be trusted by a reader that stands at this place.
 * @param eventId the event at that place; null if there is none to look for
 */
export async function readLogState(
  db: Executor<StreamTables>,
  place: Cursor,
  eventId: string | null,
): Promise<LogState> {
  const { rows } = await sql<{
    same_cluster: boolean;
    ahead: boolean;
    replica: boolean;
    has_event: boolean;
    earlier_epoch: boolean;
  }>`
    select
      (select system_identifier from stream.epochs order by number desc limit 1)
        = (select system_identifier from pg_control_system()) as same_cluster,
      coalesce((select xid from stream.order_events order by xid desc, position desc limit 1)
        >= (${xidBase} + pg_snapshot_xmax(pg_current_snapshot())::text::bigint)::text::xid8, false)
        as ahead,
      pg_is_in_recovery() as replica,
      ${eventId}::uuid is null or exists (select from stream.order_events
        where xid = ${place.xid}::xid8 and position = ${place.position}::bigint
          and event_id = ${eventId}::uuid) as has_event,
      ${place.xid}::xid8 < ${xidBase}::text::xid8 as earlier_epoch`.execute(db);
  const row = rows[0];
  if (row === undefined) throw new Error('PostgreSQL answered a select without a row.');
  return {
    log: row.same_cluster && !row.ahead ? 'ready' : 'restored',
    replica: row.replica,
    hasEvent: row.has_event,
    earlierEpoch: row.earlier_epoch,
  };
}

/**
 * @throws StewardError `stream_restored`, `stream_rewound`; see {@link OrderStream.consume}
 */
export function assertReadable(state: LogState, consumer: string, place: Cursor): void {
  if (state.log === 'restored') {
    throw conflict(
      'stream_restored',
      'The order stream was restored into another PostgreSQL cluster, where transaction ids start anew. Nothing is read until "steward db migrate" has mended it.',
    );
  }
  // A replica may not have the event yet. In an earlier epoch the cursor is right all the same:
  // the dump was older than what this consumer has read, and all that is new sorts behind it.
  if (state.hasEvent || state.replica || state.earlierEpoch) return;
  throw conflict(
    'stream_rewound',
    `Consumer ${consumer} has read up to ${place.xid}/${place.position}, an event that the order stream does not have any more: its database lost transactions (a failover, or a recovery to an earlier time). New events may stand before that place. Replay from a time before the loss: "steward stream replay ${consumer} --from <time>".`,
    { consumer, xid: place.xid, position: place.position.toString() },
  );
}

/**
 * Begins a new epoch if the log was restored into another cluster, so that new events sort behind
 * all old ones; see docs/decisions/0007-stream-restore.md. Does nothing otherwise. Takes the rights of
 * the log's owner, and waits for transactions that write to it.
 * @returns null if nothing had to be done
 */
export async function rebaseAfterRestore(db: Executor<StreamTables>): Promise<RebaseReport | null> {
  const { rows } = await sql<{ report: RebaseReport | null }>`
    select stream.rebase_after_restore() as report`.execute(db);
  return rows[0]?.report ?? null;
}

/** {@link rebaseAfterRestore} as the last step of `migrate`, on its client. */
export async function rebaseAfterMigrate(client: Queryable): Promise<RebaseReport | null> {
  const { rows } = await client.query('select stream.rebase_after_restore() as report');
  return (rows[0]?.report as RebaseReport | null | undefined) ?? null;
}

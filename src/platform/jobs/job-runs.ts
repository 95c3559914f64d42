import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { KnownRun } from './schedule.ts';

/** Columns of `platform.job_runs`. */
interface JobRunsTable {
  job: string;
  period: string;
  status: KnownRun['status'];
  attempt: number;
  started_at: Date;
  finished_at: Date | null;
  owner: string;
  lease_until: Date;
  result: unknown;
  error: string | null;
}

/** The tables that this module reads and writes. */
export interface JobTables {
  'platform.job_runs': JobRunsTable;
}

/** A row as the scheduling of its job needs it. */
export interface OpenRun extends KnownRun {
  /** Nobody is at it: its worker went away in the middle, or it failed an hour ago. */
  forgotten: boolean;
}

/** One run of a periodic job as booked. */
export interface JobRunRow extends KnownRun {
  job: string;
  attempt: number;
  startedAt: Date;
  finishedAt: Date | null;
  /** Host, process and random id of who ran it last. */
  owner: string;
  /** A running one that is past this moment was abandoned and may be taken over. */
  leaseUntil: Date;
  result: unknown;
  error: string | null;
}

/** Answer to a claim: ours now, done already, or somebody else's up to that moment. */
export type Claim =
  | { kind: 'claimed'; attempt: number }
  | { kind: 'done' }
  | { kind: 'running'; leaseUntil: Date };

/** Who runs a period and for how long it is theirs without a sign of life. */
export interface Lease {
  owner: string;
  leaseMs: number;
}

/** How a run ended: its result as JSON text, or what went wrong. */
export type Ending =
  | { status: 'done'; result: string | null }
  | { status: 'failed'; error: string };

/**
 * The rows that decide which periods still have to be run. Leases are measured by the database's
 * clock alone, so the clocks of the workers need not agree.
 */
export interface JobRuns {
  /** The job's rows from this period on and the newest one before it, oldest first. */
  known(job: string, fromPeriod: string): Promise<OpenRun[]>;
  /** Takes the period if it is new, failed, or abandoned by whoever ran it. */
  claim(job: string, period: string, lease: Lease): Promise<Claim>;
  /** A sign of life; false when the lease was lost to somebody else. */
  extend(job: string, period: string, lease: Lease): Promise<boolean>;
  /** Books the end; false when the lease was lost, and then nothing is written. */
  finish(job: string, period: string, owner: string, ending: Ending): Promise<boolean>;
  /** Rows for people, the newest start first. */
  list(filter: { job?: string; status?: KnownRun['status']; limit: number }): Promise<JobRunRow[]>;
  /** The newest period of each job. */
  newest(): Promise<JobRunRow[]>;
  /**
   * Deletes runs that ended before the moment. The newest of each job stays: from it the next
   * catch-up starts.
   * @returns how many were deleted
   */
  purge(before: Date): Promise<number>;
}

/** The book in this database. */
export function createJobRuns(db: Database<JobTables>): JobRuns {
  const rows = db.selectFrom('platform.job_runs');
  return {
    known: (job, fromPeriod) =>
      rows
        .select(['period', 'status'])
        .select(
          sql<boolean>`status = 'running' and lease_until < clock_timestamp()
            or status = 'failed' and finished_at < clock_timestamp() - interval '1 hour'`.as(
            'forgotten',
          ),
        )
        .where('job', '=', job)
        .where('period', '>=', (query) =>
          query
            .selectFrom('platform.job_runs as before')
            .select((row) =>
              row.fn.coalesce(row.fn.max('before.period'), sql.val(fromPeriod)).as('period'),
            )
            .where('before.job', '=', job)
            .where('before.period', '<', fromPeriod),
        )
        .orderBy('period')
        .execute(),
    claim: (job, period, lease) => claim(db, job, period, lease),
    extend: async (job, period, { owner, leaseMs }) => {
      const result = await db
        .updateTable('platform.job_runs')
        .set({ lease_until: leaseEnd(leaseMs) })
        .where('job', '=', job)
        .where('period', '=', period)
        .where('owner', '=', owner)
        .where('status', '=', 'running')
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },
    finish: async (job, period, owner, ending) => {
      const result = await db
        .updateTable('platform.job_runs')
        .set({
          status: ending.status,
          finished_at: sql<Date>`clock_timestamp()`,
          result: ending.status === 'done' ? sql`${ending.result}::jsonb` : null,
          error: ending.status === 'failed' ? ending.error : null,
        })
        .where('job', '=', job)
        .where('period', '=', period)
        .where('owner', '=', owner)
        .where('status', '=', 'running')
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },
    list: async ({ job, status, limit }) => {
      const found = await rows
        .selectAll()
        .$if(job !== undefined, (query) => query.where('job', '=', job ?? ''))
        .$if(status !== undefined, (query) => query.where('status', '=', status ?? 'done'))
        .orderBy('started_at', 'desc')
        .limit(limit)
        .execute();
      return found.map(toRow);
    },
    newest: async () => {
      const found = await rows
        .distinctOn('job')
        .selectAll()
        .orderBy('job')
        .orderBy('period', 'desc')
        .execute();
      return found.map(toRow);
    },
    purge: (before) => purge(db, before),
  };
}

async function purge(db: Database<JobTables>, before: Date): Promise<number> {
  const result = await db
    .deleteFrom('platform.job_runs as old')
    .where('old.finished_at', '<', before)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('platform.job_runs as newer')
          .select('newer.job')
          .whereRef('newer.job', '=', 'old.job')
          .whereRef('newer.period', '>', 'old.period'),
      ),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** One statement: of ten who ask at once, the primary key lets one insert and one take over. */
async function claim(
  db: Database<JobTables>,
  job: string,
  period: string,
  { owner, leaseMs }: Lease,
): Promise<Claim> {
  const claimed = await db
    .insertInto('platform.job_runs')
    .values({
      job,
      period,
      status: 'running',
      attempt: 1,
      started_at: sql<Date>`clock_timestamp()`,
      owner,
      lease_until: leaseEnd(leaseMs),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['job', 'period'])
        .doUpdateSet((row) => ({
          status: 'running' as const,
          attempt: sql<number>`${row.ref('platform.job_runs.attempt')} + 1`,
          started_at: row.ref('excluded.started_at'),
          finished_at: null,
          owner: row.ref('excluded.owner'),
          lease_until: row.ref('excluded.lease_until'),
          result: null,
          error: null,
        }))
        .where((row) =>
          row.or([
            row('platform.job_runs.status', '=', 'failed'),
            row.and([
              row('platform.job_runs.status', '=', 'running'),
              row('platform.job_runs.lease_until', '<', sql<Date>`clock_timestamp()`),
            ]),
          ]),
        ),
    )
    .returning('attempt')
    .executeTakeFirst();
  if (claimed) return { kind: 'claimed', attempt: claimed.attempt };
  const held = await db
    .selectFrom('platform.job_runs')
    .select(['status', 'lease_until'])
    .where('job', '=', job)
    .where('period', '=', period)
    .executeTakeFirst();
  // Between the two statements it may have ended; whoever asks again is told so.
  return held?.status === 'done'
    ? { kind: 'done' }
    : { kind: 'running', leaseUntil: held?.lease_until ?? new Date(0) };
}

function leaseEnd(leaseMs: number) {
  return sql<Date>`clock_timestamp() + make_interval(secs => ${leaseMs / 1_000})`;
}

function toRow(row: JobRunsTable): JobRunRow {
  return {
    job: row.job,
    period: row.period,
    status: row.status,
    attempt: row.attempt,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    owner: row.owner,
    leaseUntil: row.lease_until,
    result: row.result,
    error: row.error,
  };
}

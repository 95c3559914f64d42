import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { conflict, notFound } from '../../../platform/errors.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';
import type { GateResult, Oddity, Page, PageRequest, Run, RunPlan } from '../payments.ts';

type Kind = Run['kind'];

/** Columns of `payments.runs` as {@link toRun} reads them; not the content, which may be large. */
export const runColumns = sql`
  id, kind, period, cutoff, hash, only_ids, except_ids, people, items, total_minor, currency,
  gates, oddities, status, planned_by, planned_at, committed_by, committed_at, despite_reason`;

export interface RunRow {
  id: string;
  kind: Kind;
  period: string;
  cutoff: Date;
  hash: string;
  only_ids: string[] | null;
  except_ids: Run['except'];
  people: number;
  items: number;
  total_minor: bigint;
  currency: string;
  gates: GateResult[];
  oddities: Oddity[];
  status: Run['status'];
  planned_by: string;
  planned_at: Date;
  committed_by: string | null;
  committed_at: Date | null;
  despite_reason: string | null;
}

export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    kind: row.kind,
    period: row.period,
    cutoff: row.cutoff,
    hash: row.hash,
    only: row.only_ids,
    except: row.except_ids,
    people: row.people,
    items: row.items,
    totalMinor: row.total_minor,
    currency: row.currency,
    gates: row.gates,
    oddities: row.oddities,
    status: row.status,
    plannedBy: row.planned_by,
    plannedAt: row.planned_at,
    committedBy: row.committed_by,
    committedAt: row.committed_at,
    despiteReason: row.despite_reason,
  };
}

/** Any number; only has to be the same in every release, and another than other locks'. */
const RUN_LOCK = 7_233_174;

/**
 * One commit at a time, of a kind: runs of two periods would take the same orders. Held until the
 * transaction ends.
 */
export async function lockRuns(tx: Transaction<AllTables>, kind: Kind): Promise<void> {
  await sql`select pg_advisory_xact_lock(${RUN_LOCK}::int, ${kind === 'invoices' ? 1 : 2}::int)`.execute(
    tx,
  );
}

/** A run of a hundred thousand people takes longer than what pools allow a statement. */
export async function allowLongStatements(tx: Transaction<AllTables>): Promise<void> {
  await sql`select set_config('statement_timeout', '300000', true)`.execute(tx);
}

/**
 * A run by its hash.
 * @param hash the whole of it, or eight digits or more from its beginning
 * @throws StewardError `run_not_found`; `hash_ambiguous` where several begin so
 */
export async function findRun(db: Executor<AllTables>, kind: Kind, hash: string): Promise<Run> {
  const prefix = hash.trim().toLowerCase();
  const next = /^[0-9a-f]{8,64}$/.test(prefix) ? await readByHash(db, kind, prefix) : [];
  const [run] = next;
  if (!run) throw notFound('run', hash);
  if (next.length > 1) {
    throw conflict('hash_ambiguous', `Several runs begin with ${hash}: give more of the hash.`, {
      hashes: next.map((one) => one.hash),
    });
  }
  return run;
}

async function readByHash(db: Executor<AllTables>, kind: Kind, prefix: string): Promise<Run[]> {
  // All of the form "prefix and more": digits of a hash are below "g" in every collation.
  const { rows } = await sql<RunRow>`
    select ${runColumns} from payments.runs
    where kind = ${kind} and hash >= ${prefix} and hash < ${`${prefix}g`}
    order by hash limit 5`.execute(db);
  return rows.map(toRun);
}

/** A run that is known to be there, as it is now. */
export async function readRun(db: Executor<AllTables>, id: string): Promise<Run> {
  const { rows } = await sql<RunRow>`
    select ${runColumns} from payments.runs where id = ${id}`.execute(db);
  const [row] = rows;
  if (!row) throw notFound('run', id);
  return toRun(row);
}

/** Runs of a kind, newest plan first. */
export async function listRuns(
  db: Executor<AllTables>,
  kind: Kind,
  filter: { period?: string },
  page: PageRequest,
): Promise<Page<Run>> {
  const place = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  const conditions: RawBuilder<unknown>[] = [sql`kind = ${kind}`];
  if (filter.period !== undefined) conditions.push(sql`period = ${filter.period}`);
  if (place) {
    conditions.push(sql`(planned_at, id) < (${place[0]}::timestamptz, ${place[1]}::uuid)`);
  }
  const { rows } = await sql<RunRow>`
    select ${runColumns} from payments.runs where ${sql.join(conditions, sql` and `)}
    order by planned_at desc, id desc limit ${page.limit + 1}`.execute(db);
  return toPage(rows, page.limit, (row) => [row.planned_at.toISOString(), row.id], toRun);
}

/** Totals of the last periods before this one that have committed runs, newest first. */
export async function earlierRuns(
  db: Executor<AllTables>,
  kind: Kind,
  period: string,
  limit: number,
): Promise<RunPlan['earlier']> {
  const { rows } = await sql<RunPlan['earlier'][number]>`
    select period, sum(people)::int as people, sum(items)::int as items,
      sum(total_minor)::bigint as "totalMinor"
    from payments.runs where kind = ${kind} and status = 'committed' and period < ${period}
    group by period order by period desc limit ${limit}`.execute(db);
  return rows;
}

/** What committed runs of this very period come to. */
export async function committedSoFar(
  db: Executor<AllTables>,
  kind: Kind,
  period: string,
): Promise<bigint> {
  const { rows } = await sql<{ total: bigint }>`
    select coalesce(sum(total_minor), 0)::bigint as total
    from payments.runs
    where kind = ${kind} and status = 'committed' and period = ${period}`.execute(db);
  return rows[0]?.total ?? 0n;
}

/** Whether a stopped run of the period waits for a manager: nothing was committed since. */
export async function isStopped(
  db: Executor<AllTables>,
  kind: Kind,
  period: string,
): Promise<boolean> {
  const { rows } = await sql<{ stopped: boolean }>`
    select coalesce(max(planned_at) filter (where status = 'stopped')
      > coalesce(max(committed_at), '-infinity'), false) as stopped
    from payments.runs where kind = ${kind} and period = ${period}`.execute(db);
  return rows[0]?.stopped ?? false;
}

/** Keeps what was found out about a plan; a stopped one stays stopped. */
export async function keepFindings(
  db: Executor<AllTables>,
  id: string,
  findings: { gates: readonly GateResult[]; oddities: readonly Oddity[]; stopped: boolean },
): Promise<Run> {
  const { rows } = await sql<RunRow>`
    update payments.runs set gates = ${JSON.stringify(findings.gates)}::jsonb,
      oddities = ${JSON.stringify(findings.oddities)}::jsonb,
      status = case when ${findings.stopped}::boolean then 'stopped' else status end
    where id = ${id} and status <> 'committed'
    returning ${runColumns}`.execute(db);
  const [row] = rows;
  return row ? toRun(row) : readRun(db, id);
}

/**
 * Marks a run as committed, by whoever is logged in. What its hash was made of is not needed any
 * more, neither of it nor of other plans for the period.
 */
export async function markCommitted(
  tx: Transaction<AllTables>,
  run: Run,
  commit: { now: Date; gates: readonly GateResult[]; despite: string | undefined },
): Promise<Run> {
  const { rows } = await sql<RunRow>`
    update payments.runs set status = 'committed', committed_by = session_user,
      committed_at = ${commit.now}, gates = ${JSON.stringify(commit.gates)}::jsonb,
      despite_reason = ${commit.despite ?? null}
    where id = ${run.id} returning ${runColumns}`.execute(tx);
  await sql`
    update payments.runs set content = null
    where kind = ${run.kind} and period = ${run.period} and content is not null`.execute(tx);
  const [row] = rows;
  if (!row) throw notFound('run', run.id);
  return toRun(row);
}

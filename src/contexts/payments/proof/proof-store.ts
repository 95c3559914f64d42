import { type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { businessDay } from '../../../platform/business-time.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { Cursor } from '../../../stream/index.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { mailProofRed } from '../mails/enqueue.ts';
import type { Page, PageRequest, ProofCheck, ProofReport } from '../payments.ts';
import type { PaymentsTables } from '../tables.ts';

type Kind = ProofReport['kind'];
type ProofRow = Pick<
  Selectable<PaymentsTables['payments.proofs']>,
  'id' | 'kind' | 'day' | 'green' | 'checks' | 'ran_at'
>;

const columns = ['id', 'kind', 'day', 'green', 'checks', 'ran_at'] as const;

function toReport(row: ProofRow): ProofReport {
  const { id, kind, day, green, checks, ran_at: ranAt } = row;
  return { id, kind, day, green, checks, ranAt };
}

/** Keeps a result for ever; a red one is told to finance, in the same transaction. */
export async function keepProof(
  deps: PaymentsDependencies,
  kind: Kind,
  checks: ProofCheck[],
  reached: Cursor | null,
): Promise<ProofReport> {
  const ranAt = deps.clock.now();
  const report: ProofReport = {
    id: deps.ids.next(),
    kind,
    day: businessDay(ranAt, deps.timeZone),
    green: checks.every((check) => check.passed),
    checks,
    ranAt,
  };
  await deps.db.transaction().execute(async (tx) => {
    await tx
      .insertInto('payments.proofs')
      .values({
        id: report.id,
        day: report.day,
        kind,
        green: report.green,
        checks: JSON.stringify(checks),
        stream_xid: reached?.xid ?? null,
        stream_position: reached?.position ?? null,
        ran_at: ranAt,
      })
      .execute();
    if (!report.green) await mailProofRed(tx, deps, { proofId: report.id });
  });
  return report;
}

/** The newest green proof: what the next one goes on from. Null where there is none. */
export async function lastGreen(
  db: Executor<AllTables>,
): Promise<{ day: string; reached: Cursor } | null> {
  const row = await db
    .selectFrom('payments.proofs')
    .select(['day', 'stream_xid', 'stream_position'])
    .where('kind', '=', 'prove')
    .where('green', '=', true)
    .where('stream_xid', 'is not', null)
    .orderBy('ran_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row || row.stream_xid === null || row.stream_position === null) return null;
  return { day: row.day, reached: { xid: row.stream_xid, position: row.stream_position } };
}

/** See {@link Proof.last}. */
export async function lastProof(db: Executor<AllTables>, kind: Kind): Promise<ProofReport | null> {
  const row = await db
    .selectFrom('payments.proofs')
    .select(columns)
    .where('kind', '=', kind)
    .orderBy('ran_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? toReport(row) : null;
}

/** See {@link Proof.list}. */
export async function listProofs(
  db: Executor<AllTables>,
  kind: Kind | undefined,
  page: PageRequest,
): Promise<Page<ProofReport>> {
  const place = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  let query = db
    .selectFrom('payments.proofs')
    .select(columns)
    .orderBy('ran_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (kind) query = query.where('kind', '=', kind);
  if (place) {
    query = query.where(sql<boolean>`(ran_at, id) < (${place[0]}::timestamptz, ${place[1]}::uuid)`);
  }
  return toPage(
    await query.execute(),
    page.limit,
    (row) => [row.ran_at.toISOString(), row.id],
    toReport,
  );
}

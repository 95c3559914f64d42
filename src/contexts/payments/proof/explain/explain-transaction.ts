import { sql } from 'kysely';
import type { PaymentsDependencies } from '../../dependencies.ts';
import type { ExplanationLine } from '../../payments.ts';
import { line, when } from './words.ts';

interface Row {
  id: string;
  kind: string;
  booked_on: string;
  recorded_by: string;
  recorded_at: Date;
  reason: string | null;
  reversal: boolean;
  accounts: string;
}

/** How something stands in the ledger: who booked it, when, on what, and whether it was taken back. */
export async function explainTransaction(
  deps: Pick<PaymentsDependencies, 'db' | 'timeZone'>,
  transactionId: string,
): Promise<ExplanationLine[]> {
  const { rows } = await sql<Row>`
    select t.id, t.kind, t.booked_on, t.recorded_by, t.recorded_at, t.reason,
      t.reverses is not null as reversal,
      (select string_agg(trim(a.code || ' ' || a.owner), ', ' order by p.line)
        from ledger.postings p join ledger.accounts a on a.id = p.account_id
        where p.transaction_id = t.id) as accounts
    from ledger.transactions t
    where t.id = ${transactionId} or t.reverses = ${transactionId}
    order by t.reverses is not null`.execute(deps.db);
  return rows.map((row) =>
    line(
      0,
      `${row.reversal ? 'Taken back' : 'Booked'} for ${row.booked_on} by ${row.recorded_by} at ${when(deps, row.recorded_at)}, as transaction ${row.id} on ${row.accounts}${row.reason ? `: ${row.reason}` : ''}.`,
    ),
  );
}

/** Whoever planned and committed a run, and when. */
export async function explainRun(
  deps: Pick<PaymentsDependencies, 'db' | 'timeZone'>,
  runId: string,
): Promise<ExplanationLine[]> {
  const run = await deps.db
    .selectFrom('payments.runs')
    .select([
      'hash',
      'period',
      'cutoff',
      'planned_by',
      'planned_at',
      'committed_by',
      'committed_at',
      'despite_reason',
    ])
    .where('id', '=', runId)
    .executeTakeFirst();
  if (!run) return [];
  const despite = run.despite_reason ? `, in spite of a gate: ${run.despite_reason}` : '';
  return [
    line(
      0,
      `Run ${run.hash.slice(0, 12)} of ${run.period} with everything before ${when(deps, run.cutoff)}, planned by ${run.planned_by} at ${when(deps, run.planned_at)}, committed by ${run.committed_by ?? 'nobody'} at ${when(deps, run.committed_at)}${despite}.`,
    ),
  ];
}

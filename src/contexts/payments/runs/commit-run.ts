import { sql } from 'kysely';
import { conflict, type StewardError } from '../../../platform/errors.ts';
import { formatMoney } from '../../../platform/money.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { CommitOptions, GateResult, Run } from '../payments.ts';
import { checkHardGates } from './gates.ts';
import { hashOf } from './run-hash.ts';
import type { RunKind } from './run-kind.ts';
import { allowLongStatements, findRun, lockRuns, markCommitted, readRun } from './run-store.ts';

/** Rolls the commit back. */
class PlanOutdated extends Error {}

/** Differences that are told one by one. */
const TOLD_DIFFERENCES = 10;

/**
 * Makes a planned run happen: in one transaction it is carried out, what came out is hashed, and
 * only if that is the hash of the plan does it stay. So nothing can come between the comparison
 * and the deed.
 * @throws StewardError see {@link Runs.commit}
 */
export async function commitRun(
  deps: PaymentsDependencies,
  kind: RunKind,
  hash: string,
  options: CommitOptions = {},
): Promise<Run & { replayed: boolean }> {
  const found = await findRun(deps.db, kind.kind, hash);
  if (found.status === 'committed') return { ...found, replayed: true };
  const hard = await checkHardGates(deps, found);
  const gates = [...hard, ...found.gates.filter((gate) => !gate.hard)];
  const despite = options.despite?.trim() || undefined;
  const tripped = hard.filter((gate) => !gate.passed);
  if (tripped.length > 0 && despite === undefined) throw gateTripped(found, gates, tripped);
  const now = deps.clock.now();
  try {
    return await deps.db.transaction().execute(async (tx) => {
      await allowLongStatements(tx);
      await lockRuns(tx, kind.kind);
      const run = await readRun(tx, found.id);
      if (run.status === 'committed') return { ...run, replayed: true };
      await kind.carryOut(tx, run, now);
      const made = await hashOf(tx, kind.kind, run, kind.made(run));
      if (made !== run.hash) throw new PlanOutdated();
      return { ...(await markCommitted(tx, run, { now, gates, despite })), replayed: false };
    });
  } catch (error) {
    if (error instanceof PlanOutdated) throw await planOutdated(deps, kind, found);
    throw error;
  }
}

function gateTripped(run: Run, gates: readonly GateResult[], tripped: readonly GateResult[]) {
  return conflict(
    'gate_tripped',
    `The run of ${run.period} may not go on: ${tripped.map((gate) => gate.detail).join(' ')} Say why it should all the same.`,
    { hash: run.hash, gates },
  );
}

interface Difference {
  id: string;
  planned: bigint | null;
  now: bigint | null;
  left_out: string | null;
  differing: number;
}

/** Compares person by person; a difference may be in the orders with the same amount. */
async function planOutdated(
  deps: PaymentsDependencies,
  kind: RunKind,
  run: Run,
): Promise<StewardError> {
  const rows = await deps.db.transaction().execute(async (tx) => {
    await allowLongStatements(tx);
    const result = await sql<Difference>`
      with planned as (
        select split_part(line, ' ', 1)::uuid as id, split_part(line, ' ', 2)::bigint as amount, line
        from payments.runs, string_to_table(content, E'\\n') as line where id = ${run.id}),
      people as materialized (${kind.people(run)})
      select coalesce(o.id, p.id) as id, o.amount as planned,
        case when p.left_out is null then p.amount_minor end as now, p.left_out,
        (count(*) over ())::int as differing
      from planned o full join people p on p.id = o.id
      where o.line is distinct from case when p.left_out is null then p.line end
      order by 1 limit ${TOLD_DIFFERENCES}`.execute(tx);
    return result.rows;
  });
  const text = (amountMinor: bigint | null) =>
    amountMinor === null ? 'nothing' : formatMoney({ amountMinor, currency: run.currency });
  const told = rows.map((row) => {
    const amounts = `${kind.person} ${row.id}: planned ${text(row.planned)}, now ${text(row.now)}`;
    if (row.left_out !== null) return `${amounts} (${row.left_out})`;
    return row.planned === row.now ? `${amounts}, but of other orders` : amounts;
  });
  const differing = rows[0]?.differing ?? 0;
  const rest = differing > rows.length ? `; the first ${rows.length} of ${differing}` : '';
  return conflict(
    'plan_outdated',
    `Nothing was done: what the plan ${run.hash.slice(0, 12)} for ${run.period} holds has changed since. ${told.length > 0 ? `${told.join('; ')}${rest}. ` : ''}Plan it again.`,
    {
      hash: run.hash,
      differing,
      differences: rows.map((row) => ({
        id: row.id,
        plannedMinor: row.planned?.toString() ?? null,
        nowMinor: row.now?.toString() ?? null,
      })),
    },
  );
}

import { sql } from 'kysely';
import { conflict, invalid, notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { formatMoney } from '../../../platform/money.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { Oddity, PlannedPerson, PlanRequest, RunPlan } from '../payments.ts';
import { checkHardGates, checkSoftGates } from './gates.ts';
import { hashHead } from './run-hash.ts';
import type { RunKind, RunScope } from './run-kind.ts';
import { resolvePeriod } from './run-periods.ts';
import {
  allowLongStatements,
  earlierRuns,
  keepFindings,
  type RunRow,
  runColumns,
  toRun,
} from './run-store.ts';

/** People shown where nobody says how many. */
const SHOWN = 20;
/** Oddities kept with a run; the gate tells how many there are. */
const KEPT_ODDITIES = 100;
/** Left out by somebody's choice of others: not shown one by one. */
export const NOT_ASKED_FOR = 'not asked for';

/**
 * Computes a run and keeps it with its hash, whatever the gates say.
 * @throws StewardError see {@link Runs.plan}
 */
export async function planRun(
  deps: PaymentsDependencies,
  kind: RunKind,
  request: PlanRequest,
): Promise<RunPlan> {
  const now = deps.clock.now();
  const { key, cutoff } = resolvePeriod(kind.period, request.period, now, {
    closesAt: kind.closesAt,
    timeZone: deps.timeZone,
  });
  const scope: RunScope = {
    period: key,
    cutoff,
    currency: deps.currency,
    only: request.only === undefined ? null : [...new Set(request.only)].sort(),
    except: request.except ?? [],
  };
  await checkPeople(deps, kind, scope);
  const found = await deps.db.transaction().execute(async (tx) => {
    await allowLongStatements(tx);
    return compute(tx, kind, scope, { id: deps.ids.next(), now, show: request.show ?? SHOWN });
  });
  const leftOut = found.left_out.map((one) => ({ ...one, amountMinor: BigInt(one.amountMinor) }));
  if (found.run === null) {
    throw conflict(
      'nothing_to_run',
      `There is nothing for a run of ${key}: no ${kind.person} is due anything that ended before ${cutoff.toISOString()}${leftOut.length > 0 ? ' and may be in it' : ''}.`,
      { period: key, leftOut: found.left_out },
    );
  }
  const run = toRun(found.run);
  const oddities = found.odd.map((one) => ({ ...one, detail: describeOddity(one, run.currency) }));
  const gates = [
    ...(await checkHardGates(deps, run)),
    ...(await checkSoftGates(deps, kind, run, found.odd_people)),
  ];
  const kept = await keepFindings(deps.db, run.id, { gates, oddities, stopped: false });
  return {
    ...kept,
    earlier: await earlierRuns(deps.db, kind.kind, key, kind.comparedRuns),
    shown: found.shown.map(toPerson),
    leftOut,
  };
}

async function checkPeople(
  deps: PaymentsDependencies,
  kind: RunKind,
  scope: RunScope,
): Promise<void> {
  const blank = scope.except.findIndex(({ reason }) => reason.trim() === '');
  if (blank >= 0) {
    throw invalid(`Say why ${scope.except[blank]?.id} is left out of the run.`, [
      { path: `except.${blank}.reason`, message: 'expected a reason' },
    ]);
  }
  if (scope.only?.length === 0) {
    throw invalid('A run for only some people needs at least one of them.', [
      { path: 'only', message: `expected the id of a ${kind.person}` },
    ]);
  }
  const asked = [...(scope.only ?? []), ...scope.except.map(({ id }) => id)];
  const malformed = asked.find((id) => !isUuid(id));
  if (malformed !== undefined) throw notFound(kind.person, malformed);
  if (asked.length === 0) return;
  const { rows } = await sql<{ id: string }>`
    select id from unnest(${asked}::uuid[]) as asked (id)
    where id not in (${kind.known(sql`${asked}::uuid[]`)}) limit 1`.execute(deps.db);
  if (rows[0]) throw notFound(kind.person, rows[0].id);
}

interface PersonJson {
  id: string;
  items: number;
  priceMinor: string;
  discountMinor: string;
  amountMinor: string;
  usualMinor: string | null;
  left: string | null;
}

interface Computed {
  /** Null where nobody is in the run. */
  run: RunRow | null;
  shown: PersonJson[];
  odd: { id: string; amountMinor: string; usualMinor: string }[];
  odd_people: number;
  left_out: { reason: string; people: number; amountMinor: string }[];
}

/**
 * Everything in one statement, hence of one moment: who is in the run, what it comes to, its hash,
 * the row that keeps it, and the few people who are shown.
 */
async function compute(
  tx: Transaction<AllTables>,
  kind: RunKind,
  scope: RunScope,
  plan: { id: string; now: Date; show: number },
): Promise<Computed> {
  const head = hashHead(kind.kind, scope);
  const { rows } = await sql<Omit<Computed, 'run'> & Partial<RunRow>>`
    with people as materialized (${kind.people(scope)}),
    marked as (
      select p.*, coalesce(left_out is null and usual_minor > 0
        and amount_minor > usual_minor * ${kind.unusualPersonFactor}::numeric, false) as odd
      from people p),
    sums as (
      select count(*)::int as people, coalesce(sum(items), 0)::int as items,
        coalesce(sum(amount_minor), 0)::bigint as total,
        string_agg(line, E'\\n' order by id) as content
      from people where left_out is null),
    saved as (
      insert into payments.runs (id, kind, period, cutoff, hash, only_ids, except_ids, people,
        items, total_minor, currency, status, planned_at, content)
      select ${plan.id}::uuid, ${kind.kind}::text, ${scope.period}::text,
        ${scope.cutoff}::timestamptz,
        encode(sha256(convert_to(${head}::text || E'\\n' || content, 'UTF8')), 'hex'),
        ${scope.only === null ? null : [...scope.only]}::uuid[],
        ${JSON.stringify(scope.except)}::jsonb, people, items, total, ${scope.currency}::text,
        'planned', ${plan.now}::timestamptz, content
      from sums where people > 0
      on conflict (kind, hash) do update set content = excluded.content
      returning ${runColumns}),
    top as (
      select * from marked where left_out is distinct from ${NOT_ASKED_FOR}
      order by left_out is not null, odd desc, amount_minor desc, id limit ${plan.show}),
    odd as (
      select * from marked where odd order by amount_minor desc, id limit ${KEPT_ODDITIES})
    select saved.*,
      coalesce((select jsonb_agg(jsonb_build_object('id', id, 'items', items,
          'priceMinor', price_minor::text, 'discountMinor', discount_minor::text,
          'amountMinor', amount_minor::text, 'usualMinor', usual_minor::text, 'left', left_out)
          order by left_out is not null, odd desc, amount_minor desc, id)
        from top), '[]') as shown,
      coalesce((select jsonb_agg(jsonb_build_object('id', id, 'amountMinor', amount_minor::text,
          'usualMinor', usual_minor::text) order by amount_minor desc, id)
        from odd), '[]') as odd,
      (select count(*)::int from marked where odd) as odd_people,
      coalesce((select jsonb_agg(jsonb_build_object('reason', left_out, 'people', people,
          'amountMinor', amount::text) order by left_out)
        from (select left_out, count(*) as people, sum(amount_minor) as amount from people
          where left_out is not null group by left_out) as l), '[]') as left_out
    from (select) as one left join saved on true`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error('The statement that computes a run always returns a row.');
  return { ...row, run: typeof row.id === 'string' ? (row as unknown as RunRow) : null };
}

function toPerson(person: PersonJson): PlannedPerson {
  return {
    id: person.id,
    items: person.items,
    priceMinor: BigInt(person.priceMinor),
    discountMinor: BigInt(person.discountMinor),
    amountMinor: BigInt(person.amountMinor),
    usualMinor: person.usualMinor === null ? null : BigInt(person.usualMinor),
    left: person.left,
  };
}

function describeOddity(odd: Omit<Oddity, 'detail'>, currency: string): string {
  const [amount, usual] = [odd.amountMinor, odd.usualMinor].map(BigInt) as [bigint, bigint];
  const times = (Number(amount) / Number(usual)).toFixed(1);
  return `${formatMoney({ amountMinor: amount, currency })} is ${times} times the usual ${formatMoney({ amountMinor: usual, currency })}.`;
}

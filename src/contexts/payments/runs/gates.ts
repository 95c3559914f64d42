import { sql } from 'kysely';
import { parsePeriod } from '../../../platform/jobs/period.ts';
import { formatMoney } from '../../../platform/money.ts';
import { BOOK_ORDERS } from '../bookings/book-orders-consumer.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { GateResult, Run } from '../payments.ts';
import type { RunKind } from './run-kind.ts';
import { committedSoFar, earlierRuns } from './run-store.ts';

/** Unread events that are counted: beyond this nobody needs an exact figure. */
const COUNT_LIMIT = 1_000;

/** What a run must pass in any case, or with a reason; evaluated now. */
export async function checkHardGates(
  deps: PaymentsDependencies,
  run: Pick<Run, 'cutoff'>,
): Promise<GateResult[]> {
  return [
    await streamRead(deps, run.cutoff),
    await nothingParked(deps),
    await proofGreen(deps),
    await providerKnown(deps),
  ];
}

/** Whether it looks as it usually does: if not, a person should have a look. */
export async function checkSoftGates(
  deps: PaymentsDependencies,
  kind: RunKind,
  run: Pick<Run, 'period' | 'totalMinor' | 'currency' | 'only'>,
  oddities: number,
): Promise<GateResult[]> {
  return [
    await totalUsual(deps, kind, run),
    {
      gate: 'people-usual',
      hard: false,
      passed: oddities <= kind.mostOddities,
      detail: `${oddities} ${kind.person}s are over ${kind.unusualPersonFactor} times their usual amount; ${kind.mostOddities} are let through.`,
    },
  ];
}

async function streamRead(deps: PaymentsDependencies, cutoff: Date): Promise<GateResult> {
  const gate = { gate: 'stream-read', hard: true } as const;
  const { rows: cursors } = await sql<{ xid: string; position: bigint; replaying: boolean }>`
    select xid::text as xid, position, replay_requested_at is not null as replaying
    from stream_consumers.cursors where consumer = ${BOOK_ORDERS}`.execute(deps.db);
  const { xid, position, replaying } = cursors[0] ?? { xid: '0', position: 0n, replaying: false };
  if (replaying) return { ...gate, passed: false, detail: 'The order stream is to be read again.' };
  const { rows } = await sql<{ events: bigint; oldest: Date | null }>`
    select count(*) as events, min(occurred_at) as oldest from (
      select e.occurred_at from stream.order_events e
      where (e.xid, e.position) > (${xid}::xid8, ${position}::bigint) and e.occurred_at < ${cutoff}
      order by e.xid, e.position limit ${COUNT_LIMIT}) as unread`.execute(deps.stream);
  const events = Number(rows[0]?.events ?? 0n);
  const many = events === COUNT_LIMIT ? `${COUNT_LIMIT} or more` : String(events);
  return {
    ...gate,
    passed: events === 0,
    detail:
      events === 0
        ? `The order stream is read up to ${cutoff.toISOString()}.`
        : `${many} events of the order stream from before ${cutoff.toISOString()} are not read yet, the first of ${rows[0]?.oldest?.toISOString()}.`,
  };
}

async function nothingParked(deps: PaymentsDependencies): Promise<GateResult> {
  const { rows } = await sql<{ orders: bigint; first: string | null }>`
    select count(*) as orders, min(order_id::text) as first from (
      select order_id from stream_consumers.parked_orders where consumer = ${BOOK_ORDERS}
      union
      select order_id from stream_consumers.parked_events where consumer = ${BOOK_ORDERS}
    ) as parked`.execute(deps.db);
  const orders = Number(rows[0]?.orders ?? 0n);
  return {
    gate: 'nothing-parked',
    hard: true,
    passed: orders === 0,
    detail:
      orders === 0
        ? 'No order is parked.'
        : `${orders} orders are parked and not booked, such as ${rows[0]?.first}.`,
  };
}

function readLast(deps: PaymentsDependencies, kind: 'prove' | 'reconcile') {
  return deps.db
    .selectFrom('payments.proofs')
    .select(['day', 'green', 'checks'])
    .where('kind', '=', kind)
    .orderBy('ran_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

async function proofGreen(deps: PaymentsDependencies): Promise<GateResult> {
  const last = await readLast(deps, 'prove');
  return {
    gate: 'proof-green',
    hard: true,
    passed: last?.green ?? true,
    detail: last
      ? `The last proof, of ${last.day}, is ${last.green ? 'green' : 'red'}.`
      : 'There is no proof yet.',
  };
}

/**
 * Money that the provider has moved and the books know nothing of: as after a restore to an earlier
 * time, when the same would be charged once more.
 */
async function providerKnown(deps: PaymentsDependencies): Promise<GateResult> {
  const last = await readLast(deps, 'reconcile');
  const missing = last?.checks.find(({ name, passed }) => name === 'missing' && !passed);
  return {
    gate: 'provider-known',
    hard: true,
    passed: missing === undefined,
    detail: missing
      ? `The provider has moved money that the books do not know: ${missing.violations[0] ?? ''} See "payments reconcile".`
      : last
        ? `By the comparison of ${last.day} the books know what the provider has moved.`
        : 'The books were not compared with the provider yet.',
  };
}

async function totalUsual(
  deps: PaymentsDependencies,
  kind: RunKind,
  run: Pick<Run, 'period' | 'totalMinor' | 'currency' | 'only'>,
): Promise<GateResult> {
  const gate = { gate: 'total-usual', hard: false } as const;
  const earlier = await earlierRuns(deps.db, kind.kind, run.period, kind.comparedRuns);
  if (run.only !== null) {
    return { ...gate, passed: true, detail: `Only some ${kind.person}s are asked for.` };
  }
  if (earlier.length === 0) {
    return firstRun(deps, kind, run.period);
  }
  const soFar = await committedSoFar(deps.db, kind.kind, run.period);
  const sum = earlier.reduce((total, one) => total + one.totalMinor, 0n);
  const mean = sum / BigInt(earlier.length);
  const total = run.totalMinor + soFar;
  const factor = kind.unusualTotalFactor;
  const text = (amountMinor: bigint) => formatMoney({ amountMinor, currency: run.currency });
  return {
    ...gate,
    passed: Number(total) <= Number(mean) * factor && Number(total) * factor >= Number(mean),
    detail: `The total is ${text(total)}, the mean of the last ${earlier.length} is ${text(mean)}; up to ${factor} times more or less is usual.`,
  };
}

/**
 * A first run of a business that is older than payments would hold all of its past: a person
 * decides about that.
 */
async function firstRun(
  deps: PaymentsDependencies,
  kind: RunKind,
  period: string,
): Promise<GateResult> {
  const { startsAt } = parsePeriod(kind.period, period, deps.timeZone);
  const { rows } = await sql<{ orders: bigint }>`
    select count(*) as orders from (select from payments.order_bookings
      where ended_at < ${startsAt} and reversed_by is null limit ${COUNT_LIMIT}) as older`.execute(
    deps.db,
  );
  const orders = Number(rows[0]?.orders ?? 0n);
  const many = orders === COUNT_LIMIT ? `${COUNT_LIMIT} or more` : String(orders);
  return {
    gate: 'total-usual',
    hard: false,
    passed: orders === 0,
    detail:
      orders === 0
        ? 'There is no earlier run to compare the total with.'
        : `This is the first run, and ${many} orders ended before ${period} began: somebody should look at it.`,
  };
}

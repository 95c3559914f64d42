import { sql } from 'kysely';
import { isUuid } from '../../../platform/ids.ts';
import { periodOf } from '../../../platform/jobs/period.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { Payouts, PayReport } from '../payments.ts';
import { lockRuns } from '../runs/run-store.ts';
import { readPayable } from './book-payout.ts';
import { followDestinations } from './destinations.ts';
import { isHeld, lockPayout, readPayout } from './payout-store.ts';
import { type PayOutcome, sendPayout } from './send-payout.ts';
import { planNextGeneration } from './settle-payout.ts';

type Options = NonNullable<Parameters<Payouts['pay']>[0]>;
/** Why a failed payout is not sent again: its money went into a later one. */
const NOT_PAYABLE = 'not-payable';

interface Due {
  id: string;
  workerId: string;
  amountMinor: bigint;
  status: string;
  held: boolean;
  hasAccount: boolean;
}

/** Sends what is committed. See `Payouts.pay`. */
export async function payPayouts(
  deps: PaymentsDependencies,
  options: Options = {},
): Promise<PayReport> {
  for (const id of options.ids ?? []) await readPayout(deps.db, id);
  if (!options.dryRun) await deps.db.transaction().execute((tx) => followDestinations(deps, tx));
  const due = await readDue(deps, options);
  const report: PayReport = { paid: 0, failed: 0, unknown: 0, waiting: 0, results: [] };
  const outcomes = new Map<string, string>();
  await eachAtOnce(due, deps.rules.charging.atOnce, options.signal, async (one) => {
    const outcome = options.dryRun ? foresee(one, options) : await payOne(deps, one, options);
    outcomes.set(one.id, outcome);
  });
  for (const { id, workerId, amountMinor } of due) {
    const outcome = outcomes.get(id);
    // Not come to any more: the caller has asked to stop.
    if (outcome === undefined) continue;
    if (isCounted(outcome)) report[outcome] += 1;
    report.results.push({ payoutId: id, workerId, amountMinor, outcome });
  }
  return report;
}

/** Sends what earlier months have left planned. See `Payouts.finishMonths`. */
export async function finishMonths(
  deps: PaymentsDependencies,
  { signal }: { signal?: AbortSignal } = {},
): Promise<PayReport> {
  const present = periodOf('month', deps.clock.now(), deps.timeZone).key;
  const { rows } = await sql<{ id: string }>`
    select id from payments.payouts
    where status = 'planned' and method = 'provider' and period < ${present}
    order by created_at, id`.execute(deps.db);
  return payPayouts(deps, { ids: rows.map(({ id }) => id), signal });
}

function isCounted(outcome: string): outcome is 'paid' | 'failed' | 'unknown' | 'waiting' {
  return ['paid', 'failed', 'unknown', 'waiting'].includes(outcome);
}

/** Payouts that this call is about, the oldest first; those of the bank go by file. */
async function readDue(deps: PaymentsDependencies, options: Options): Promise<Due[]> {
  const { period = null, ids = null, onlyFailed = false } = options;
  const now = deps.clock.now();
  const { rows } = await sql<Due>`
    select p.id, p.worker_id as "workerId", p.amount_minor as "amountMinor", p.status,
      ${isHeld} as held, d.account_ref is not null as "hasAccount"
    from payments.payouts p
    left join payments.payout_destinations d
      on d.worker_id = p.worker_id and d.provider = ${deps.provider.name}
    where case when ${onlyFailed}::boolean then p.status = 'failed'
      else p.method = 'provider' and (p.status = 'planned'
        or (p.provider = ${deps.provider.name} and (p.status = 'unknown'
          or (p.status = 'sending' and p.lease_until <= ${now})))) end
      and (${period}::text is null or p.period = ${period})
      and (${ids === null ? null : ids.filter(isUuid)}::uuid[] is null
        or p.id = any(${ids === null ? null : ids.filter(isUuid)}::uuid[]))
    order by p.created_at, p.id`.execute(deps.db);
  return rows;
}

/** What would be tried, without asking anybody. */
function foresee({ status, held, hasAccount }: Due, { onlyFailed }: Options): string {
  if (onlyFailed) return 'would-retry';
  if (status !== 'planned') return 'would-ask';
  if (held) return 'held';
  return hasAccount ? 'would-send' : 'waiting';
}

/** A failure of one keeps nobody else from being paid. */
async function payOne(deps: PaymentsDependencies, { id }: Due, options: Options): Promise<string> {
  try {
    if (options.onlyFailed) {
      if (!(await retryPayout(deps, id))) return NOT_PAYABLE;
      await deps.db.transaction().execute((tx) => followDestinations(deps, tx));
    }
    return await sendPayout(deps, id);
  } catch (error) {
    deps.log.error({ err: error, payoutId: id }, 'A payout could not be sent.');
    // What the database says now, or will say when its lease is over, decides.
    return 'unknown' satisfies PayOutcome;
  }
}

/**
 * Takes the money of a failed payout from the payable again, if it is still there: a later run may
 * have paid it out. One at a time with the commits of runs, which take what is payable too.
 */
async function retryPayout(deps: PaymentsDependencies, id: string): Promise<boolean> {
  return deps.db.transaction().execute(async (tx) => {
    await lockRuns(tx, 'payouts');
    const payout = await lockPayout(tx, id);
    // Another was quicker.
    if (payout?.status !== 'failed') return true;
    const payable = await readPayable(tx, payout.worker_id, payout.currency);
    if (payable < payout.amount_minor) return false;
    await planNextGeneration(deps, tx, payout, 'sent again', deps.clock.now());
    return true;
  });
}

/** Does it for each, so many at once, until the signal says stop. */
async function eachAtOnce<T>(
  all: readonly T[],
  atOnce: number,
  signal: AbortSignal | undefined,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = all.values();
  const lane = async () => {
    for (const one of rest) {
      if (signal?.aborted) return;
      await work(one);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, lane));
}

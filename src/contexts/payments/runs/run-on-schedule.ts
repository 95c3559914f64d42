import { conflict, StewardError } from '../../../platform/errors.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { mailRunStopped } from '../mails/enqueue.ts';
import type { Run, RunPlan } from '../payments.ts';
import { commitRun } from './commit-run.ts';
import { checkHardGates } from './gates.ts';
import { planRun } from './plan-run.ts';
import type { RunKind } from './run-kind.ts';
import { resolvePeriod } from './run-periods.ts';
import { isStopped, keepFindings } from './run-store.ts';

/** Between a plan and its commit something may be booked; that often in a row it is no accident. */
const MOST_PLANS = 5;

/** How a run that nobody watches went. */
export type ScheduledRun =
  | { outcome: 'committed' | 'stopped'; run: Run }
  | { outcome: 'nothing'; run: null };

/**
 * What a job does for a period: plans, asks all gates, commits. Where one trips, or an earlier
 * run of the period was stopped and still waits, the run is stopped and finance is told once; a
 * manager takes it from there.
 * @throws StewardError `plan_outdated` where the content does not stand still, and others of plans
 */
export async function runOnSchedule(
  deps: PaymentsDependencies,
  kind: RunKind,
  period: string,
): Promise<ScheduledRun> {
  for (let attempt = 1; ; attempt += 1) {
    const waiting = await isStopped(deps.db, kind.kind, period);
    const plan = await planOrNothing(deps, kind, period);
    if (plan === null) {
      await refuseBlindNothing(deps, kind, period);
      return { outcome: 'nothing', run: null };
    }
    if (plan.status === 'committed') return { outcome: 'committed', run: plan };
    if (waiting || plan.status === 'stopped' || plan.gates.some((gate) => !gate.passed)) {
      return { outcome: 'stopped', run: await stop(deps, plan) };
    }
    try {
      return { outcome: 'committed', run: await commitRun(deps, kind, plan.hash) };
    } catch (error) {
      const changed = isCode(error, 'plan_outdated') || isCode(error, 'gate_tripped');
      if (attempt < MOST_PLANS && changed) continue;
      throw error;
    }
  }
}

async function planOrNothing(
  deps: PaymentsDependencies,
  kind: RunKind,
  period: string,
): Promise<RunPlan | null> {
  try {
    return await planRun(deps, kind, { period });
  } catch (error) {
    if (isCode(error, 'nothing_to_run')) return null;
    throw error;
  }
}

/**
 * Nothing to run is only true of books that have read everything.
 * @throws StewardError `gate_tripped`: the job has failed, and is tried again
 */
async function refuseBlindNothing(
  deps: PaymentsDependencies,
  kind: RunKind,
  period: string,
): Promise<void> {
  const { timeZone, clock } = deps;
  const { cutoff } = resolvePeriod(kind.period, period, clock.now(), {
    closesAt: kind.closesAt,
    timeZone,
  });
  const tripped = (await checkHardGates(deps, { cutoff })).filter(({ passed }) => !passed);
  if (tripped.length === 0) return;
  const why = tripped.map(({ detail }) => detail).join(' ');
  throw conflict('gate_tripped', `Nobody is due anything in ${period}, but: ${why}`, {
    gates: tripped,
  });
}

/** The mail stands in the same transaction; the same run is told of once. */
async function stop(deps: PaymentsDependencies, plan: RunPlan): Promise<Run> {
  return deps.db.transaction().execute(async (tx) => {
    const { gates, oddities } = plan;
    const run = await keepFindings(tx, plan.id, { gates, oddities, stopped: true });
    await mailRunStopped(tx, deps, { runId: run.id });
    return run;
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof StewardError && error.code === code;
}

import type { PaymentsDependencies } from '../dependencies.ts';
import type { Payouts } from '../payments.ts';
import { commitRun } from '../runs/commit-run.ts';
import { planRun } from '../runs/plan-run.ts';
import { runOnSchedule } from '../runs/run-on-schedule.ts';
import { findRun, listRuns } from '../runs/run-store.ts';
import { settleDue } from './ask-payout.ts';
import { exportBankFile, markPayouts } from './bank-files.ts';
import { readDestination, writeDestination } from './destinations.ts';
import { holdWorker, readHolds, releaseWorker } from './holds.ts';
import { finishMonths, payPayouts } from './pay-payouts.ts';
import { payoutRun } from './payout-run.ts';
import { listPayouts, readPayout, toPayout } from './payout-store.ts';

/** Payouts to workers: planned, committed, then sent or taken into a bank file. */
export function createPayouts(deps: PaymentsDependencies): Payouts {
  const kind = payoutRun(deps);
  const payouts: Payouts = {
    plan: (request) => planRun(deps, kind, request),
    commit: (hash, options) => commitRun(deps, kind, hash, options),
    runs: (filter, page) => listRuns(deps.db, 'payouts', filter, page),
    run: (hash) => findRun(deps.db, 'payouts', hash),
    pay: (options) => payPayouts(deps, options),
    settleDue: (options) => settleDue(deps, options),
    finishMonths: (options) => finishMonths(deps, options),
    list: (filter, page) => listPayouts(deps.db, filter, page),
    get: async (id, workerId) => toPayout(await readPayout(deps.db, id, workerId)),
    export: (options) => exportBankFile(deps, options),
    mark: (marks, options) => markPayouts(deps, marks, options),
    hold: (workerId, reason) => holdWorker(deps, workerId, reason),
    release: (workerId) => releaseWorker(deps, workerId),
    holds: () => readHolds(deps),
    destination: (workerId) => readDestination(deps, workerId),
    setDestination: (workerId, destination) => writeDestination(deps, workerId, destination),
    payMonth: async (period, options = {}) => {
      const { outcome, run } = await runOnSchedule(deps, kind, period);
      // Also where nothing is left to commit: an earlier call may have died while it paid.
      const pay =
        outcome === 'stopped'
          ? { paid: 0, failed: 0, unknown: 0, waiting: 0, results: [] }
          : await payouts.pay({ period, ...options });
      return { outcome, hash: run?.hash ?? null, pay };
    },
  };
  return payouts;
}

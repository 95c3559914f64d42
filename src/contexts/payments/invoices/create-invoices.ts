import type { PaymentsDependencies } from '../dependencies.ts';
import type { Invoices } from '../payments.ts';
import { commitRun } from '../runs/commit-run.ts';
import { planRun } from '../runs/plan-run.ts';
import { runOnSchedule } from '../runs/run-on-schedule.ts';
import { findRun, listRuns } from '../runs/run-store.ts';
import { invoiceRuns } from './invoice-runs.ts';
import { findInvoice, listInvoices, readInvoiceDetail } from './invoice-store.ts';
import { voidInvoice } from './void-invoice.ts';

/** See {@link Invoices}. */
export function createInvoices(deps: PaymentsDependencies): Invoices {
  const kind = invoiceRuns(deps);
  return {
    plan: (request) => planRun(deps, kind, request),
    commit: (hash, options) => commitRun(deps, kind, hash, options),
    runs: (filter, page) => listRuns(deps.db, 'invoices', filter, page),
    run: (hash) => findRun(deps.db, 'invoices', hash),
    list: (filter, page) => listInvoices(deps.db, filter, page),
    get: async (idOrNumber, customerId) =>
      readInvoiceDetail(deps.db, await findInvoice(deps.db, idOrNumber, customerId)),
    void: async (idOrNumber, options) => voidInvoice(deps, idOrNumber, options),
    issueWeek: async (period) => {
      const { outcome, run } = await runOnSchedule(deps, kind, period);
      return {
        outcome,
        hash: run?.hash ?? null,
        invoices: outcome === 'committed' ? run.people : 0,
      };
    },
  };
}

import { createRequestKeys } from '../../contexts/payments/index.ts';
import type { paymentsJobs } from '../../contexts/payments/jobs.ts';
import type { PaymentsApp } from '../../payments-app.ts';
import type { Processor, Processors } from '../../platform/jobs/definition.ts';
import { createJobRuns } from '../../platform/jobs/job-runs.ts';

type Job = (typeof paymentsJobs)[number];
type PaymentsProcessor<Name extends Job['name']> = Processor<
  PaymentsApp,
  Extract<Job, { name: Name }>
>;

const DAY_MS = 86_400_000;

const readStream: PaymentsProcessor<'payments.read-stream'> = (app, { signal }) =>
  readAll(app, signal);

async function readAll(app: PaymentsApp, signal: AbortSignal) {
  const reports = await app.stream.consumeAll({ signal });
  const failed = reports.find((report) => report.outcome === 'failed');
  if (failed) throw failed.error;
  return { consumers: reports.length };
}

/** A run stands on what has been read, and on books that are right at this moment. */
async function prepareRun(app: PaymentsApp, signal: AbortSignal): Promise<void> {
  await readAll(app, signal);
  await app.payments.proof.prove({ signal });
  // The provider may be away: then its word of last night counts.
  await app.payments.proof.reconcile({ signal }).catch((err: unknown) => {
    app.log.warn({ err }, 'the books could not be compared with the provider before a run');
  });
}

const issueInvoices: PaymentsProcessor<'payments.issue-invoices'> = async (app, run) => {
  await prepareRun(app, run.signal);
  return app.payments.invoices.issueWeek(run.period.key);
};

const chargeInvoices: PaymentsProcessor<'payments.charge-invoices'> = async (app, { signal }) => ({
  charges: await app.payments.charges.chargeDue({ signal }),
  refunds: await app.payments.refunds.refundDue({ signal }),
});

const payWorkers: PaymentsProcessor<'payments.pay-workers'> = async (app, { period, signal }) => {
  await prepareRun(app, signal);
  const { outcome, hash, pay } = await app.payments.payouts.payMonth(period.key, { signal });
  const { results, ...counts } = pay;
  return { outcome, hash, ...counts, payouts: results.length };
};

const settlePayouts: PaymentsProcessor<'payments.settle-payouts'> = async (app, { signal }) => {
  const settled = await app.payments.payouts.settleDue({ signal });
  const { results, ...finished } = await app.payments.payouts.finishMonths({ signal });
  return { settled, finished };
};

const processEvents: PaymentsProcessor<'payments.process-events'> = (app, { signal }) =>
  app.payments.provider.processEvents({ signal });

const pollEvents: PaymentsProcessor<'payments.poll-events'> = (app, { signal }) =>
  app.payments.provider.pollEvents({ signal });

/** What a proof found is in its own book; a red one is a result, not a failure of the job. */
const prove: PaymentsProcessor<'payments.prove'> = async (app, { signal }) => {
  const { id, green } = await app.payments.proof.prove({ signal });
  return { id, green };
};

const reconcile: PaymentsProcessor<'payments.reconcile'> = async (app, { signal }) => {
  const { id, green } = await app.payments.proof.reconcile({ signal });
  return { id, green };
};

const sendMail: PaymentsProcessor<'payments.send-mail'> = (app, { signal }) =>
  app.mails.send(signal);

const purge: PaymentsProcessor<'payments.purge'> = async (app) => {
  const now = app.clock.now();
  const before = new Date(now.getTime() - app.rules.server.jobRunsDays * DAY_MS);
  return {
    ...(await app.payments.provider.purge(now)),
    requestKeys: await createRequestKeys(app).purge(),
    jobRuns: await createJobRuns(app.db.$pickTables<'platform.job_runs'>()).purge(before),
  };
};

/** What does each job of payments; one that is missing does not compile. */
export const paymentsProcessors: Processors<PaymentsApp, typeof paymentsJobs> = {
  'payments.read-stream': readStream,
  'payments.issue-invoices': issueInvoices,
  'payments.charge-invoices': chargeInvoices,
  'payments.pay-workers': payWorkers,
  'payments.settle-payouts': settlePayouts,
  'payments.process-events': processEvents,
  'payments.poll-events': pollEvents,
  'payments.prove': prove,
  'payments.reconcile': reconcile,
  'payments.send-mail': sendMail,
  'payments.purge': purge,
};

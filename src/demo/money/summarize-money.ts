import type { PaymentsApp } from '../../payments-app.ts';
import { type MoneyJson, money, toJson } from '../../platform/money.ts';

/** What became of the week's money. */
export interface MoneySummary {
  invoices: Record<'issued' | 'paid' | 'open' | 'pastDue', number>;
  invoiced: MoneyJson;
  charged: MoneyJson;
  refunded: MoneyJson;
  disputed: MoneyJson;
  payouts: Record<'paid' | 'failed' | 'waiting', number>;
  paidOut: MoneyJson;
  credits: Record<'booked' | 'requested', number>;
  mails: Record<'sent' | 'unsent', number>;
  /** Where one is shown how an amount came about: an invoice and a payout. */
  explain: string[];
}

export interface MoneyFindings {
  summary: MoneySummary;
  /** What the proof and the comparison with the provider found, by check. */
  checks: { name: string; violations: string[] }[];
}

/** Looks at what stands in payments' books, and at their proof. */
export async function summarizeMoney(app: PaymentsApp): Promise<MoneyFindings> {
  const { invoices, charges, refunds, payouts, credits, proof } = app.payments;
  const amount = (minor: bigint) => toJson(money(minor, app.config.currency));
  const one = { limit: 1 };
  const invoiceCount = async (status: 'paid' | 'open' | 'past_due') =>
    (await invoices.list({ status }, one)).total.count;
  const payoutCount = async (status: 'paid' | 'failed' | 'planned') =>
    (await payouts.list({ status }, one)).total;
  const issued = await invoices.list({}, one);
  const paidOut = await payoutCount('paid');
  const { sent, ...unsent } = await app.mails.counts();
  const summary: MoneySummary = {
    invoices: {
      issued: issued.total.count,
      paid: await invoiceCount('paid'),
      open: await invoiceCount('open'),
      pastDue: await invoiceCount('past_due'),
    },
    invoiced: amount(issued.total.amountMinor),
    charged: amount((await charges.list({ status: 'succeeded' }, one)).total.amountMinor),
    refunded: amount((await refunds.list({ status: 'succeeded' }, one)).total.amountMinor),
    disputed: amount((await refunds.disputes({ status: 'open' }, one)).total.amountMinor),
    payouts: {
      paid: paidOut.count,
      failed: (await payoutCount('failed')).count,
      waiting: (await payoutCount('planned')).count,
    },
    paidOut: amount(paidOut.amountMinor),
    credits: {
      booked: (await credits.list({ status: 'booked' }, one)).total.count,
      requested: (await credits.list({ status: 'requested' }, one)).total.count,
    },
    mails: { sent, unsent: unsent.waiting + unsent.sending + unsent.failed + unsent.unknown },
    explain: [
      ...issued.data.map(({ number }) => number),
      ...(await payouts.list({ status: 'paid' }, one)).data.map(({ id }) => id),
    ],
  };
  const reports = [await proof.last('prove'), await proof.last('reconcile')];
  const checks = reports.flatMap((report) =>
    report === null
      ? [{ name: 'proof', violations: ['There is no proof.'] }]
      : report.checks.map(({ name, passed, violations }) => ({
          name: `${report.kind}: ${name}`,
          violations: passed ? [] : violations,
        })),
  );
  return {
    summary,
    checks: [
      ...checks,
      { name: 'money: everybody was invoiced once', violations: await unbilled(app) },
    ],
  };
}

/** After the run nothing is due but what ended later than it. */
async function unbilled(app: PaymentsApp): Promise<string[]> {
  const { data } = await app.payments.invoices.runs({}, { limit: 10 });
  const committed = data.filter(({ status }) => status === 'committed');
  return committed.length === 1 ? [] : [`${committed.length} runs of invoices were committed.`];
}

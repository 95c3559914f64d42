import type { PaymentsDependencies } from '../../dependencies.ts';
import type { Explanation, ExplanationLine } from '../../payments.ts';
import { explainTransaction } from './explain-transaction.ts';
import { amountText, line, when } from './words.ts';

/** A refund: of what, why, by whom, and what became of it. */
export async function explainRefund(
  deps: PaymentsDependencies,
  id: string,
): Promise<Explanation | null> {
  const row = await deps.db
    .selectFrom('payments.refunds as r')
    .innerJoin('payments.invoices as i', 'i.id', 'r.invoice_id')
    .innerJoin('payments.charges as c', 'c.id', 'r.charge_id')
    .selectAll('r')
    .select(['i.number', 'c.amount_minor as charged_minor', 'c.generation'])
    .where('r.id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  const text = (minor: bigint) => amountText(minor, row.currency);
  const failure = row.failure_code ? `, ${row.failure_code}` : '';
  return {
    subject: { kind: 'refund', id },
    title: `Refund ${id} for invoice ${row.number}, ${row.status}${failure}`,
    amountMinor: row.amount_minor,
    currency: row.currency,
    lines: [
      line(
        0,
        `${text(row.amount_minor)} of the ${text(row.charged_minor)} that attempt ${row.generation} took (charge ${row.charge_id})`,
        row.amount_minor,
      ),
      line(
        0,
        `Asked for by ${row.requested_by} at ${when(deps, row.requested_at)}: ${row.reason}.`,
      ),
      ...sentLines(deps, row),
      ...clawBackLines(row, text),
      ...(row.transaction_id === null
        ? [line(0, 'Nothing is booked: the provider has not taken it on.')]
        : await explainTransaction(deps, row.transaction_id)),
    ],
  };
}

function sentLines(
  deps: PaymentsDependencies,
  row: {
    sent_at: Date | null;
    provider: string;
    provider_ref: string | null;
    settled_at: Date | null;
  },
): ExplanationLine[] {
  if (row.sent_at === null && row.provider_ref === null) return [];
  const settled = row.settled_at ? `, settled at ${when(deps, row.settled_at)}` : '';
  const sent = row.sent_at ? `Sent at ${when(deps, row.sent_at)}` : 'Made at the provider by hand';
  return [line(0, `${sent}; provider ${row.provider} has it as ${row.provider_ref}${settled}.`)];
}

function clawBackLines(
  row: { claw_back_worker: string | null; claw_back_minor: bigint | null },
  text: (minor: bigint) => string,
): ExplanationLine[] {
  const { claw_back_worker: worker, claw_back_minor: amount } = row;
  if (worker === null || amount === null) return [];
  return [line(0, `${text(amount)} of it are taken back from worker ${worker}`, amount)];
}

/** A dispute: of what, why, and how it stands. */
export async function explainDispute(
  deps: PaymentsDependencies,
  id: string,
): Promise<Explanation | null> {
  const row = await deps.db
    .selectFrom('payments.disputes as d')
    .leftJoin('payments.invoices as i', 'i.id', 'd.invoice_id')
    .selectAll('d')
    .select('i.number')
    .where('d.id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  const text = (minor: bigint) => amountText(minor, row.currency);
  const effects = {
    warning: 'The bank only inquires: no money has moved',
    open: 'The bank has taken the money back until it is decided',
    won: 'It was decided for us: the money came back',
    lost: 'It was decided against us: the money is gone',
  } as const;
  const isTaken = row.status === 'open' || row.status === 'lost';
  return {
    subject: { kind: 'dispute', id },
    title: `Dispute ${id} for invoice ${row.number ?? 'unknown'}, ${row.status}`,
    amountMinor: row.amount_minor,
    currency: row.currency,
    lines: [
      line(
        0,
        `The customer's bank disputes ${text(row.amount_minor)} of charge ${row.charge_id ?? 'unknown'} as "${row.reason}" since ${when(deps, row.opened_at)}; provider ${row.provider} has it as ${row.provider_ref}`,
        row.amount_minor,
      ),
      line(0, `${effects[row.status]}.`, isTaken ? -row.amount_minor : 0n),
      ...(row.closed_at === null
        ? [line(0, `Evidence counts until ${when(deps, row.evidence_due_at)}.`)]
        : [line(0, `Closed at ${when(deps, row.closed_at)}.`)]),
      ...clawBackLines(row, text),
      ...(row.transaction_id === null ? [] : await explainTransaction(deps, row.transaction_id)),
    ],
  };
}

/** A credit: who asked, who decided, and why. */
export async function explainCredit(
  deps: PaymentsDependencies,
  id: string,
): Promise<Explanation | null> {
  const row = await deps.db
    .selectFrom('payments.credits')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  const decided = `${row.decided_by ?? 'nobody'} at ${when(deps, row.decided_at)}`;
  const verdicts = {
    requested: 'It waits for a second finance manager.',
    booked: row.needs_approval ? `Approved by ${decided}.` : `Booked by ${decided}.`,
    rejected: `Rejected by ${decided}: ${row.decision_reason ?? ''}`,
  } as const;
  return {
    subject: { kind: 'credit', id },
    title: `Credit ${id} to worker ${row.worker_id}, ${row.status}`,
    amountMinor: row.amount_minor,
    currency: row.currency,
    lines: [
      line(
        0,
        `Asked for by ${row.requested_by} at ${when(deps, row.requested_at)}: ${row.reason}`,
        row.amount_minor,
      ),
      line(
        0,
        row.needs_approval
          ? 'It was over the limit: a second finance manager must approve it (R-24).'
          : 'It was within the limit: one finance manager is enough (R-24).',
      ),
      line(0, verdicts[row.status]),
      ...(row.transaction_id === null ? [] : await explainTransaction(deps, row.transaction_id)),
    ],
  };
}

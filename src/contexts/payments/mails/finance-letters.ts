import { formatMoment } from '../../../platform/business-time.ts';
import { formatMoney } from '../../../platform/money.ts';
import { isSurplusKey } from '../refunds/surplus-key.ts';
import { readRun } from '../runs/run-store.ts';
import type { Letter, LetterPlace } from './letter.ts';

/** Violations quoted per check; all of them stand in the proof. */
const QUOTED = 5;

/** Letters to the finance department: what waits for a manager, and the command for it. */
export async function financeLetter(
  place: LetterPlace,
  template: string,
): Promise<Letter | { skip: string }> {
  switch (template) {
    case 'run-stopped':
      return runStopped(place);
    case 'payout-failed':
      return payoutFailed(place);
    case 'refund-failed':
      return refundFailed(place);
    case 'proof-red':
      return proofRed(place);
    case 'dispute-opened':
      return disputeOpened(place);
    default:
      return { skip: `there is no letter for the template ${template}` };
  }
}

async function runStopped(place: LetterPlace): Promise<Letter | { skip: string }> {
  const run = await readRun(place.db, place.text('runId'));
  if (run.status === 'committed') return { skip: 'the run was committed meanwhile' };
  const hash = run.hash.slice(0, 12);
  const tripped = run.gates.filter((gate) => !gate.passed);
  const amount = formatMoney({ amountMinor: run.totalMinor, currency: run.currency });
  return {
    subject: `Stopped: ${run.kind} of ${run.period}`,
    lines: [
      `The run of ${run.kind} for ${run.period} (${run.people} people, ${amount}) was stopped and waits for you.`,
      '',
      ...(tripped.length > 0
        ? tripped.map((gate) => `  ${gate.gate}: ${gate.detail}`)
        : ['  An earlier run of this period was stopped, and nobody has looked at it.']),
      '',
      `Look at it: steward payments ${run.kind} plan --period ${run.period}`,
      `Let it go on: steward payments ${run.kind} commit ${hash}`,
    ],
  };
}

async function payoutFailed(place: LetterPlace): Promise<Letter | { skip: string }> {
  const row = await place.db
    .selectFrom('payments.payouts')
    .select(['id', 'worker_id', 'amount_minor as amountMinor', 'currency', 'period'])
    .select(['failure_code', 'status'])
    .where('id', '=', place.text('payoutId'))
    .executeTakeFirst();
  if (!row) return { skip: 'there is no such payout' };
  if (row.status !== 'failed') return { skip: `the payout is ${row.status} meanwhile` };
  return {
    subject: `Payout failed: ${formatMoney(row)} for ${row.period}`,
    lines: [
      `The payout of ${formatMoney(row)} to worker ${row.worker_id} for ${row.period} failed (${row.failure_code ?? 'no reason was given'}).`,
      'The amount is payable to the worker again.',
      '',
      `Why so much: steward payments explain ${row.id}`,
      'Send failed ones again: steward payments payouts pay --only-failed',
    ],
  };
}

async function refundFailed(place: LetterPlace): Promise<Letter | { skip: string }> {
  const row = await place.db
    .selectFrom('payments.refunds as r')
    .innerJoin('payments.invoices as i', 'i.id', 'r.invoice_id')
    .select(['r.amount_minor as amountMinor', 'r.currency', 'r.failure_code', 'r.status'])
    .select(['r.provider_ref', 'r.idempotency_key', 'i.number', 'i.customer_id'])
    .where('r.id', '=', place.text('refundId'))
    .executeTakeFirst();
  if (!row) return { skip: 'there is no such refund' };
  if (row.status !== 'failed') return { skip: `the refund is ${row.status} meanwhile` };
  const surplus = isSurplusKey(row.idempotency_key);
  return {
    subject: `Refund failed: ${formatMoney(row)}, invoice ${row.number}`,
    lines: [
      `The refund of ${formatMoney(row)} to customer ${row.customer_id} for invoice ${row.number} failed (${row.failure_code ?? 'no reason was given'}).`,
      'The money is still ours in the books, and the customer may have been told that it comes back.',
      '',
      surplus
        ? `It was taken twice: pay it back at the provider, where it is refund ${row.provider_ref ?? 'without a number'}.`
        : `Try it again: steward payments refund ${row.number} --reason "…" --dry-run`,
      `How it came about: steward payments explain ${row.number}`,
    ],
  };
}

async function proofRed(place: LetterPlace): Promise<Letter | { skip: string }> {
  const proof = await place.db
    .selectFrom('payments.proofs')
    .select(['day', 'kind', 'checks'])
    .where('id', '=', place.text('proofId'))
    .executeTakeFirst();
  if (!proof) return { skip: 'there is no such proof' };
  const failed = proof.checks.filter((check) => !check.passed);
  return {
    subject: `Red: ${proof.kind} of ${proof.day}`,
    lines: [
      `"payments ${proof.kind}" of ${proof.day} found something wrong.${proof.kind === 'prove' ? ' The next runs stop before it.' : ''}`,
      '',
      ...failed.flatMap((check) => [
        `  ${check.name}:`,
        ...check.violations.slice(0, QUOTED).map((violation) => `    ${violation}`),
        ...(check.violations.length > QUOTED
          ? [`    and ${check.violations.length - QUOTED} more`]
          : []),
      ]),
      '',
      `Check again: steward payments ${proof.kind}`,
    ],
  };
}

async function disputeOpened(place: LetterPlace): Promise<Letter | { skip: string }> {
  const row = await place.db
    .selectFrom('payments.disputes as d')
    .leftJoin('payments.invoices as i', 'i.id', 'd.invoice_id')
    .select(['d.provider_ref', 'd.amount_minor as amountMinor', 'd.currency', 'd.reason'])
    .select(['d.evidence_due_at', 'd.status', 'i.number'])
    .where('d.id', '=', place.text('disputeId'))
    .executeTakeFirst();
  if (!row) return { skip: 'there is no such dispute' };
  if (row.status === 'won' || row.status === 'lost') {
    return { skip: `the dispute is ${row.status} meanwhile` };
  }
  const due = row.evidence_due_at;
  return {
    subject: `Disputed: ${formatMoney(row)}${row.number ? `, invoice ${row.number}` : ''}`,
    lines: [
      `A customer's bank disputes ${formatMoney(row)}${row.number ? ` of invoice ${row.number}` : ''} (${row.reason}).`,
      `At the provider it is dispute ${row.provider_ref}; evidence is given there.`,
      ...(due ? [`It counts until ${formatMoment(due, place.timeZone)}.`] : []),
      ...(row.number ? ['', `What it is about: steward payments explain ${row.number}`] : []),
    ],
  };
}

import { DAYS } from '../calendar.ts';
import type { Play } from '../play.ts';
import { runPaymentsJob } from '../staff.ts';
import { followLink, giveMethod, openAccounts, type Payers } from './give-methods.ts';

/** The business days after the week until the last attempt to charge: Monday is 7. */
const MONDAY = DAYS;
const WEDNESDAY = DAYS + 2;
const FRIDAY = DAYS + 4;
const SUNDAY = DAYS - 1;
/** Payouts that come back from the bank. */
const REFUSED_BY_BANK = 1;
const MOST_ROUNDS = 20;

/** In the week: invoices on Sunday, once everything that ended in time has been read. */
export function planInvoices(play: Play): void {
  play.agenda.add(play.week.at(SUNDAY, 20), 'ends', async () => {
    await runPaymentsJob(play, 'payments.issue-invoices');
    await charge(play);
  });
}

/**
 * After the week: retries of charges, payouts on the month's last day (the Monday), a refund, a
 * credit, a dispute; ends with the proof. All by the jobs that a worker runs by itself, at the
 * moments of the virtual clock.
 */
export async function playMoney(play: Play, payers: Payers, signal: AbortSignal): Promise<void> {
  const { payments } = play.town.finance;
  await at(play, MONDAY, 9, signal);
  await followLink(play, payers.without);
  await openAccounts(play);
  await creditSomebody(play);
  await at(play, MONDAY, 20, signal, 5);
  await charge(play);
  await runPaymentsJob(play, 'payments.pay-workers');
  await payByBank(play);

  await at(play, WEDNESDAY, 9, signal);
  await followLink(play, payers.expired);
  await giveMethod(play, payers.short.caller, 'pm_card_visa');
  await refundSome(play, payers);
  await at(play, WEDNESDAY, 20, signal, 5);
  await charge(play);

  await at(play, FRIDAY, 20, signal, 5);
  await charge(play);
  await runPaymentsJob(play, 'payments.settle-payouts');
  await sendMails(play, signal);
  await payments.proof.reconcile({ signal });
  await payments.proof.prove({ full: true, signal });
  await sendMails(play, signal);
}

async function at(
  play: Play,
  day: number,
  hour: number,
  signal: AbortSignal,
  minute = 0,
): Promise<void> {
  signal.throwIfAborted();
  play.clock.moveTo(play.week.at(day, hour, minute));
  await runPaymentsJob(play, 'payments.read-stream');
}

/** Sends what is due; before and after that, looks at what the provider tells of. */
async function charge(play: Play): Promise<void> {
  await readEvents(play);
  await runPaymentsJob(play, 'payments.charge-invoices');
  await readEvents(play);
}

async function readEvents(play: Play): Promise<void> {
  await runPaymentsJob(play, 'payments.poll-events');
  await runPaymentsJob(play, 'payments.process-events');
}

/** a small credit at once, a large one that waits for a second manager. */
async function creditSomebody(play: Play): Promise<void> {
  const { credits, ledger } = play.town.finance.payments;
  const { data } = await ledger.accounts({ code: 'worker-payable' }, { limit: 2 });
  const [first, second] = data.map(({ owner }) => owner);
  if (!first || !second) throw new Error('Nobody has worked in this week.');
  const unit = play.town.unitMinor;
  await credits.credit({
    workerId: first,
    amountMinor: 25n * unit,
    reason: 'Praised by a customer',
  });
  await credits.credit({ workerId: second, amountMinor: 600n * unit, reason: 'Tools of his own' });
}

/** Finance exports the bank file, pays it, and marks what the bank says. */
async function payByBank(play: Play): Promise<void> {
  const { payouts } = play.town.finance.payments;
  const file = await payouts.export({});
  await payouts.mark(
    file.rows.map(({ payoutId }, index) =>
      index < REFUSED_BY_BANK
        ? { payoutId, outcome: 'failed' as const, reason: 'account closed' }
        : { payoutId, outcome: 'paid' as const },
    ),
  );
}

/** Half of the first order of an invoice, taken back from its worker. */
async function refundSome(play: Play, payers: Payers): Promise<void> {
  const { invoices, refunds } = play.town.finance.payments;
  const customerId = await play.town.customerId(payers.refunded.profile.subject);
  const [paid] = (await invoices.list({ customerId, status: 'paid' }, { limit: 1 })).data;
  if (!paid) return;
  const { lines } = await invoices.get(paid.id);
  const [line] = lines.filter(({ netMinor }) => netMinor > 1n);
  if (!line) return;
  const amountMinor = line.netMinor / 2n;
  const workerId = await play.town.workerOf(line.orderId);
  await refunds.refund({
    invoice: paid.id,
    amountMinor,
    reason: 'Half of the work was not done',
    clawBack: { workerId, amountMinor },
  });
}

async function sendMails(play: Play, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    signal.throwIfAborted();
    await runPaymentsJob(play, 'payments.send-mail');
    const { waiting, sending } = await play.town.finance.mails.counts();
    if (waiting + sending === 0) return;
  }
}

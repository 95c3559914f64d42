import { sql } from 'kysely';
import { businessDay } from '../../../../platform/business-time.ts';
import type { BookingRules } from '../../bookings/book-order.ts';
import type { PaymentsDependencies } from '../../dependencies.ts';
import type { Explanation, ExplanationLine } from '../../payments.ts';
import { type Booking, readRules, workerLine } from './explain-order.ts';
import { explainRun, explainTransaction } from './explain-transaction.ts';
import { amountText, below, line, when } from './words.ts';

/** Something that changed what is payable to a worker. */
interface Movement {
  kind: string;
  /** Of what a reversal takes back, else the same as `kind`. */
  about: string;
  subject_id: string;
  amount: bigint;
  occurred_at: Date;
  recorded_by: string;
  reason: string | null;
}

/** What a worker was paid for, down to orders and rules, and what became of the payment. */
export async function explainPayout(
  deps: PaymentsDependencies,
  id: string,
): Promise<Explanation | null> {
  const payout = await deps.db
    .selectFrom('payments.payouts as p')
    .innerJoin('payments.runs as r', 'r.id', 'p.run_id')
    .selectAll('p')
    .select('r.cutoff')
    .where('p.id', '=', id)
    .executeTakeFirst();
  if (!payout) return null;
  const { currency, amount_minor: amount } = payout;
  const previous = await readPrevious(deps, payout);
  const moved = await readMovements(deps, payout, previous?.cutoff ?? null);
  const earned = moved.reduce((sum, one) => sum + one.amount, 0n);
  const carried = amount - earned;
  const carriedText = previous
    ? `Carried over from before ${when(deps, previous.cutoff)}, the end of the payout for ${previous.period}`
    : 'Carried over from before';
  return {
    subject: { kind: 'payout', id },
    title: `Payout for ${payout.period} to worker ${payout.worker_id}, ${payout.status}${payout.failure_code ? `: ${payout.failure_code}` : ''}`,
    amountMinor: amount,
    currency,
    lines: [
      ...(carried === 0n ? [] : [line(0, carriedText, carried)]),
      ...(await movementLines(deps, moved, currency)),
      line(0, `Payable, and paid: ${amountText(amount, currency)}`, amount),
      ...(await explainRun(deps, payout.run_id)),
      ...(await stepLines(deps, id)),
      ...(await bookedLines(deps, id)),
    ],
  };
}

function readPrevious(
  deps: Pick<PaymentsDependencies, 'db'>,
  payout: { worker_id: string; created_at: Date; id: string },
) {
  return deps.db
    .selectFrom('payments.payouts as p')
    .innerJoin('payments.runs as r', 'r.id', 'p.run_id')
    .select(['p.period', 'r.cutoff'])
    .where('p.worker_id', '=', payout.worker_id)
    .where('p.created_at', '<', payout.created_at)
    .orderBy('p.created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** What the run took into account and the one before had not; payouts themselves left out. */
async function readMovements(
  deps: PaymentsDependencies,
  payout: { worker_id: string; cutoff: Date; currency: string },
  since: Date | null,
): Promise<Movement[]> {
  const before = (cutoff: Date) => {
    const day = businessDay(cutoff, deps.timeZone);
    return sql`(p.booked_on < ${day}::date
      or (p.booked_on = ${day}::date and t.occurred_at < ${cutoff}))`;
  };
  const { rows } = await sql<Movement>`
    select t.kind, coalesce(o.kind, t.kind) as about, t.subject_id, -p.amount_minor as amount,
      t.occurred_at, t.recorded_by, t.reason
    from ledger.accounts a
    join ledger.postings p on p.account_id = a.id
    join ledger.transactions t on t.id = p.transaction_id
    left join ledger.transactions o on o.id = t.reverses
    where a.code = 'worker-payable' and a.owner = ${payout.worker_id}
      and a.currency = ${payout.currency} and t.subject_kind <> 'payout'
      and ${before(payout.cutoff)} and ${since === null ? sql`true` : sql`not ${before(since)}`}
    order by t.occurred_at, t.id`.execute(deps.db);
  return rows;
}

/** By what they are, each with its sum and then one by one. */
async function movementLines(
  deps: PaymentsDependencies,
  movements: readonly Movement[],
  currency: string,
): Promise<ExplanationLine[]> {
  const rules = await readRules(deps);
  const bookings = await readBookings(deps, movements);
  const groups = Map.groupBy(movements, (one) =>
    titleOf(one, bookings.get(one.subject_id)?.outcome),
  );
  return [...groups].flatMap(([title, ones]) => [
    line(
      0,
      `${title}: ${ones.length}`,
      ones.reduce((sum, one) => sum + one.amount, 0n),
    ),
    ...below(ones.map((one) => movementLine(deps, one, bookings, rules, currency))),
  ]);
}

function titleOf(one: Movement, outcome: Booking['outcome'] | undefined): string {
  if (one.kind === 'reversal') return 'Taken back';
  if (one.about === 'order') return outcome === 'failed' ? 'Failed orders' : 'Completed orders';
  if (one.about === 'credit') return 'Credits';
  return 'Taken back from the worker';
}

function movementLine(
  deps: PaymentsDependencies,
  one: Movement,
  bookings: ReadonlyMap<string, Booking>,
  rules: ReadonlyMap<string, BookingRules>,
  currency: string,
): ExplanationLine {
  const booking = one.about === 'order' ? bookings.get(one.subject_id) : undefined;
  if (booking && one.kind === 'order') {
    return workerLine(booking, rules.get(booking.rules_version));
  }
  const what = `${one.about.replaceAll('-', ' ')} ${one.subject_id}`;
  const who = `by ${one.recorded_by} at ${when(deps, one.occurred_at)}`;
  const amount = amountText(one.amount, currency);
  const back = one.kind === 'reversal' ? `taken back: ${one.reason ?? ''} ` : '';
  return line(0, `${amount} for ${what} ${back}${who}`, one.amount);
}

async function readBookings(
  deps: Pick<PaymentsDependencies, 'db'>,
  movements: readonly Movement[],
): Promise<Map<string, Booking>> {
  const orders = movements.filter((one) => one.about === 'order').map((one) => one.subject_id);
  if (orders.length === 0) return new Map();
  const rows = await deps.db
    .selectFrom('payments.order_bookings')
    .selectAll()
    .where('order_id', '=', sql<string>`any(${orders}::uuid[])`)
    .execute();
  return new Map(rows.map((row) => [row.order_id, row]));
}

/** Each attempt with its times and answers. */
async function stepLines(deps: PaymentsDependencies, id: string): Promise<ExplanationLine[]> {
  const steps = await deps.db
    .selectFrom('payments.payout_steps')
    .select(['generation', 'status', 'provider_ref', 'detail', 'at', 'recorded_by'])
    .where('payout_id', '=', id)
    .orderBy('step')
    .execute();
  return steps.map((step) => {
    const ref = step.provider_ref ? ` as ${step.provider_ref}` : '';
    const detail = step.detail ? `: ${step.detail}` : '';
    const at = when(deps, step.at);
    return line(
      0,
      `${at}: attempt ${step.generation} ${step.status}${ref}${detail} (${step.recorded_by})`,
    );
  });
}

async function bookedLines(deps: PaymentsDependencies, id: string): Promise<ExplanationLine[]> {
  const booked = await deps.db
    .selectFrom('ledger.transactions')
    .select('id')
    .where('subject_kind', '=', 'payout')
    .where('subject_id', '=', id)
    .where('reverses', 'is', null)
    .orderBy('recorded_at')
    .execute();
  const lines: ExplanationLine[] = [];
  for (const { id: transactionId } of booked) {
    lines.push(...(await explainTransaction(deps, transactionId)));
  }
  return lines;
}

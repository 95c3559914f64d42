import { sql } from 'kysely';
import { conflict } from '../../../platform/errors.ts';
import { type Period, parsePeriod } from '../../../platform/jobs/period.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { sqlState } from '../../../platform/postgres/database-errors.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { Ledger } from '../payments.ts';
import { transactOrRehearse } from '../rehearse.ts';
import { checkHardGates } from '../runs/gates.ts';
import { firstOpenDay } from './post-transactions.ts';

/** See {@link Ledger.closeMonth}. */
export async function closeMonth(
  deps: PaymentsDependencies,
  month: string,
  options: { dryRun?: boolean },
): ReturnType<Ledger['closeMonth']> {
  const period = parsePeriod('month', month, deps.timeZone);
  if (deps.clock.now() < period.endsAt) {
    throw conflict(
      'month_not_over',
      `The month ${month} is not over: it can be closed from ${period.endsAt.toISOString()} on.`,
      { month, endsAt: period.endsAt.toISOString() },
    );
  }
  const dryRun = options.dryRun ?? false;
  await checkTurn(deps, month);
  await checkStreamRead(deps, period);
  const proofId = await findProof(deps, period);
  await transactOrRehearse(deps.db, dryRun, (tx) => close(tx, month, proofId));
  return { month, closed: !dryRun };
}

/** Months are closed one after the other, those without any booking aside. */
async function checkTurn(deps: PaymentsDependencies, month: string): Promise<void> {
  const open = await firstOpenDay(deps.db);
  if (open !== null && month < open.slice(0, 7)) throw monthClosed(month);
  const { rows } = await sql<{ day: string }>`
    select booked_on as day from ledger.transactions
    where booked_on >= coalesce(${open}::date, '-infinity') and booked_on < ${`${month}-01`}::date
    order by booked_on limit 1`.execute(deps.db);
  const earlier = rows[0]?.day.slice(0, 7);
  if (earlier !== undefined) {
    throw conflict(
      'earlier_month_open',
      `The month ${earlier} has bookings and is open: close it before ${month}.`,
      { month, earlier },
    );
  }
}

function monthClosed(month: string) {
  return conflict('month_closed', `The month ${month} is closed already.`, { month });
}

async function checkStreamRead(deps: PaymentsDependencies, period: Period): Promise<void> {
  const gates = await checkHardGates(deps, { cutoff: period.endsAt });
  const tripped = gates.filter((gate) => gate.gate !== 'proof-green' && !gate.passed);
  if (tripped.length > 0) {
    throw conflict(
      'stream_behind',
      `The month ${period.key} cannot be closed yet: ${tripped.map((gate) => gate.detail).join(' ')}`,
      { month: period.key },
    );
  }
}

/** @returns the id of the last proof, which is green and of a time after the month */
async function findProof(deps: PaymentsDependencies, period: Period): Promise<string> {
  const last = await deps.db
    .selectFrom('payments.proofs')
    .select(['id', 'green', 'ran_at'])
    .where('kind', '=', 'prove')
    .orderBy('ran_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last?.green && last.ran_at >= period.endsAt) return last.id;
  const found = last
    ? `the last one, of ${last.ran_at.toISOString()}, is ${last.green ? 'from before its end' : 'red'}`
    : 'there is none';
  throw conflict(
    'proof_missing',
    `The month ${period.key} needs a green proof from after its end; ${found}.`,
    { month: period.key },
  );
}

async function close(tx: Transaction<AllTables>, month: string, proofId: string): Promise<void> {
  try {
    await tx
      .insertInto('ledger.closed_months')
      .values({ month: `${month}-01`, proof_id: proofId })
      .execute();
  } catch (error) {
    // Somebody else was faster.
    throw sqlState(error) === '23505' ? monthClosed(month) : error;
  }
}

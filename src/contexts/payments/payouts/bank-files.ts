import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import { conflict, type Issue, invalid, notFound, StewardError } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { mailAccountNeeded } from '../mails/enqueue.ts';
import type { BankRow, Payout, Payouts } from '../payments.ts';
import { transactOrRehearse } from '../rehearse.ts';
import { lockRuns } from '../runs/run-store.ts';
import { followDestinations } from './destinations.ts';
import { isHeld, type LockedPayout, lockPayout, toPayout } from './payout-store.ts';
import { markFailed, markPaid } from './settle-payout.ts';

type Mark = Parameters<Payouts['mark']>[0][number];

/** Takes all planned bank payouts into a file, or tells again what is in one. See `Payouts.export`. */
export async function exportBankFile(
  deps: PaymentsDependencies,
  { name, dryRun = false }: Parameters<Payouts['export']>[0],
): Promise<{ name: string; rows: BankRow[] }> {
  if (name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(name)) {
    throw invalid(`"${name}" is no name for a bank file.`, [
      { path: 'name', message: 'expected 1 to 80 letters, digits, dots, hyphens and underscores' },
    ]);
  }
  return transactOrRehearse(deps.db, dryRun, async (tx) => {
    // One file at a time: two would number themselves the same.
    await lockRuns(tx, 'payouts');
    const known = name === undefined ? [] : await readFile(tx, name);
    if (name !== undefined && known.length > 0) return { name, rows: known };
    await followDestinations(deps, tx);
    const file = name ?? (await nextName(deps, tx));
    const rows = await takeIntoFile(deps, tx, file);
    // Not with a refusal: it takes the mails back with everything else.
    if (rows.length > 0) await askForAccounts(deps, tx);
    if (rows.length > 0) return { name: file, rows };
    if (name !== undefined) throw notFound('bank_file', name);
    throw conflict('nothing_to_export', 'No payout waits for a bank file.');
  });
}

/** Tells workers who are paid by bank, once per attempt, that their account is missing. */
async function askForAccounts(
  deps: PaymentsDependencies,
  tx: Transaction<AllTables>,
): Promise<void> {
  const { rows } = await sql<{ payoutId: string; generation: number; workerId: string }>`
    select p.id as "payoutId", p.generation, p.worker_id as "workerId"
    from payments.payouts p
    left join payments.payout_destinations d on d.worker_id = p.worker_id
    where p.method = 'bank' and p.status = 'planned' and d.iban is null
    order by p.id`.execute(tx);
  for (const about of rows) await mailAccountNeeded(tx, deps, about);
}

async function nextName(deps: PaymentsDependencies, tx: Transaction<AllTables>): Promise<string> {
  const day = businessDay(deps.clock.now(), deps.timeZone);
  const { rows } = await sql<{ last: number }>`
    select coalesce(max(substring(bank_file from 20)::int), 0) as last from payments.bank_rows
    where bank_file ~ ${`^payouts-${day}-[0-9]{1,6}$`}`.execute(tx);
  return `payouts-${day}-${(rows[0]?.last ?? 0) + 1}`;
}

function readFile(db: Executor<AllTables>, name: string): Promise<BankRow[]> {
  return db
    .selectFrom('payments.bank_rows')
    .select([
      'payout_id as payoutId',
      'worker_id as workerId',
      'account_holder as accountHolder',
      'iban',
      'amount_minor as amountMinor',
      'reference',
    ])
    .where('bank_file', '=', name)
    .orderBy('payout_id')
    .execute();
}

/** Those with an account, and not held back; the others wait for the next file. */
async function takeIntoFile(
  deps: PaymentsDependencies,
  tx: Transaction<AllTables>,
  file: string,
): Promise<BankRow[]> {
  const now = deps.clock.now();
  const { rows } = await sql<{ id: string }>`
    update payments.payouts set status = 'exported', bank_file = ${file}, sent_at = ${now}
    where id in (
      select p.id from payments.payouts p
      join payments.payout_destinations d on d.worker_id = p.worker_id and d.iban is not null
      where p.method = 'bank' and p.status = 'planned' and not ${isHeld}
      order by p.id for update of p)
    returning id`.execute(tx);
  if (rows.length === 0) return [];
  // The reference is all that a bank hands back: payout and attempt, 35 characters at most (SEPA).
  await sql`
    insert into payments.bank_rows (bank_file, payout_id, generation, worker_id, account_holder,
      iban, amount_minor, currency, reference, exported_at)
    select ${file}, p.id, p.generation, p.worker_id, d.account_holder, d.iban, p.amount_minor,
      p.currency, replace(p.id::text, '-', '') || '-' || p.generation, ${now}
    from payments.payouts p join payments.payout_destinations d on d.worker_id = p.worker_id
    where p.bank_file = ${file} and p.status = 'exported'`.execute(tx);
  await sql`
    insert into payments.payout_steps (payout_id, step, generation, status, detail, at)
    select p.id, (select coalesce(max(step), 0) + 1 from payments.payout_steps s
        where s.payout_id = p.id), p.generation, p.status, ${file}, ${now}
    from payments.payouts p where p.bank_file = ${file} and p.status = 'exported'`.execute(tx);
  return readFile(tx, file);
}

/** Writes down what the bank said, of all or of none. See `Payouts.mark`. */
export async function markPayouts(
  deps: PaymentsDependencies,
  marks: readonly Mark[],
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<Payout[]> {
  refuseContradictions(marks);
  return transactOrRehearse(deps.db, dryRun, async (tx) => {
    const marked = new Map<string, Payout>();
    const refused: Issue[] = [];
    let unknown: string | undefined;
    // In one order, so that two who mark the same file never wait for each other.
    for (const mark of [...marks].sort((a, b) => (a.payoutId < b.payoutId ? -1 : 1))) {
      const payout = isUuid(mark.payoutId) ? await lockPayout(tx, mark.payoutId) : undefined;
      if (!payout) {
        unknown ??= mark.payoutId;
        continue;
      }
      const message = whyNot(payout, mark);
      if (message === null) marked.set(mark.payoutId, await markOne(deps, tx, payout, mark));
      else refused.push({ path: mark.payoutId, message });
    }
    if (unknown !== undefined) throw notFound('payout', unknown);
    if (refused.length > 0) throw notExported(refused);
    return marks.flatMap((mark) => marked.get(mark.payoutId) ?? []);
  });
}

function refuseContradictions(marks: readonly Mark[]): void {
  const seen = new Map<string, Mark>();
  for (const [index, mark] of marks.entries()) {
    const other = seen.get(mark.payoutId);
    seen.set(mark.payoutId, mark);
    if (other === undefined) continue;
    throw invalid(
      `Payout ${mark.payoutId} is marked twice, ${other.outcome} and ${mark.outcome}.`,
      [{ path: `${index}.payoutId`, message: 'expected each payout once' }],
    );
  }
}

/** Null where the mark can be made, or stands already. */
function whyNot(payout: LockedPayout, { outcome }: Mark): string | null {
  if (payout.method !== 'bank') return 'goes through the provider, not by a bank file';
  if (payout.status === 'exported' || payout.status === outcome) return null;
  // Banks give money back days later.
  if (payout.status === 'paid' && outcome === 'failed') return null;
  return `is ${payout.status}, expected exported`;
}

function notExported(issues: readonly Issue[]) {
  const [first] = issues;
  const others = issues.length > 1 ? `, and ${issues.length - 1} others` : '';
  return new StewardError(
    'conflict',
    'payout_not_exported',
    `Nothing was marked: payout ${first?.path} ${first?.message}${others}.`,
    { issues },
  );
}

/** Longest reason that is kept. */
const MAX_REASON_CHARS = 200;

async function markOne(
  deps: PaymentsDependencies,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  { outcome, reason }: Mark,
): Promise<Payout> {
  if (payout.status === outcome) return toPayout(payout);
  const at = deps.clock.now();
  if (outcome === 'paid') return toPayout(await markPaid(deps, tx, payout, null, at));
  const code = reason?.trim().slice(0, MAX_REASON_CHARS) || 'refused by the bank';
  return toPayout(await markFailed(deps, tx, payout, code, at));
}

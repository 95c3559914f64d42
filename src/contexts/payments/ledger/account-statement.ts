import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { notFound } from '../../../platform/errors.ts';
import { decodeCursor, encodeCursor } from '../../../platform/paging.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { AccountStatement, LedgerAccount, PageRequest, StatementLine } from '../payments.ts';
import type { PaymentsTables } from '../tables.ts';
import type { DayRange } from './days.ts';

const LINE = z.string().regex(/^\d{1,4}$/);
const BALANCE = z.string().regex(/^-?\d{1,18}$/);

interface Bounds {
  id: bigint;
  openingMinor: bigint;
  closingMinor: bigint;
}

/**
 * See {@link Ledger.statement}. Opening and closing come from the sums of days, the lines of a page
 * from one stretch of an index: a page costs the same, whatever stands before it.
 */
export async function accountStatement<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  account: LedgerAccount,
  range: DayRange,
  page: PageRequest,
): Promise<AccountStatement> {
  const bounds = await readBounds(db, account, range);
  if (!bounds) {
    throw notFound('account', account.owner ? `${account.code}/${account.owner}` : account.code);
  }
  const { id, openingMinor, closingMinor } = bounds;
  const after = decodeCursor(page.cursor, [z.iso.date(), z.uuid(), LINE, BALANCE]);
  // The cursor has the balance too: whoever goes on needs no earlier line.
  const rows = await readLines(
    db,
    id,
    range,
    after && sql`(${after[0]}::date, ${after[1]}::uuid, ${after[2]}::smallint)`,
    page.limit + 1,
  );
  let balanceMinor = after ? BigInt(after[3]) : openingMinor;
  const lines = rows.slice(0, page.limit).map(({ line: _, ...row }) => {
    balanceMinor += row.amountMinor;
    return { ...row, balanceMinor };
  });
  const last = rows.length > page.limit ? rows[page.limit - 1] : undefined;
  return {
    account,
    ...range,
    openingMinor,
    lines,
    closingMinor,
    nextCursor: last
      ? encodeCursor([last.bookedOn, last.transactionId, last.line, balanceMinor].map(String))
      : null,
  };
}

/** Id and balances of an account; undefined where nothing was ever booked on it. */
export async function readBounds<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  account: LedgerAccount,
  range: DayRange,
): Promise<Bounds | undefined> {
  const { rows } = await sql<Bounds>`
    select a.id,
      coalesce(sum(d.debit_minor - d.credit_minor) filter (where d.day < ${range.from}::date), 0)
        ::bigint as "openingMinor",
      coalesce(sum(d.debit_minor - d.credit_minor), 0)::bigint as "closingMinor"
    from ledger.accounts a
    left join ledger.account_days d on d.account_id = a.id and d.day <= ${range.to}::date
    where a.code = ${account.code} and a.owner = ${account.owner}
      and a.currency = ${account.currency}
    group by a.id`.execute(db);
  return rows[0];
}

type Row = Omit<StatementLine, 'balanceMinor'> & { line: number };

async function readLines<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  accountId: bigint,
  range: DayRange,
  after: RawBuilder<unknown> | undefined,
  limit: number,
): Promise<Row[]> {
  const beyond = after ? sql`(p.booked_on, p.transaction_id, p.line) > ${after}` : sql`true`;
  const { rows } = await sql<Row>`
    select p.transaction_id as "transactionId", p.line, p.booked_on as "bookedOn",
      t.occurred_at as "occurredAt", t.kind, t.subject_kind as "subjectKind",
      t.subject_id as "subjectId", t.reason, p.amount_minor as "amountMinor"
    from ledger.postings p join ledger.transactions t on t.id = p.transaction_id
    where p.account_id = ${accountId} and ${beyond}
      and p.booked_on between ${range.from}::date and ${range.to}::date
    order by p.account_id, p.booked_on, p.transaction_id, p.line limit ${limit}`.execute(db);
  return rows;
}

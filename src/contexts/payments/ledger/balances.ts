import { sql } from 'kysely';
import { z } from 'zod';
import { invalid } from '../../../platform/errors.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { Ledger, TrialBalanceRow } from '../payments.ts';
import type { PaymentsTables } from '../tables.ts';
import { checkDay } from './days.ts';

/** Later than all days: "of everything". */
const EVER = 'infinity';

const upTo = (on: string | undefined) => (on === undefined ? EVER : checkDay(on, 'on'));

/** See {@link Ledger.trialBalance}. Codes without any posting are there too, with zeros. */
export async function trialBalance<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  on?: string,
): ReturnType<Ledger['trialBalance']> {
  const { rows } = await sql<TrialBalanceRow & { accounts: bigint }>`
    select c.code, c.kind, c.description, count(a.id) as accounts,
      coalesce(sum(d.debit), 0)::bigint as "debitMinor",
      coalesce(sum(d.credit), 0)::bigint as "creditMinor",
      coalesce(sum(d.debit - d.credit), 0)::bigint as "balanceMinor"
    from ledger.chart c
    left join ledger.accounts a on a.code = c.code
    left join (
      select account_id, sum(debit_minor) as debit, sum(credit_minor) as credit
      from ledger.account_days where day <= ${upTo(on)}::date group by account_id
    ) d on d.account_id = a.id
    group by c.code
    order by array_position(array['asset', 'liability', 'income', 'expense'], c.kind), c.code`.execute(
    db,
  );
  return {
    rows: rows.map((row) => ({ ...row, accounts: Number(row.accounts) })),
    sumMinor: rows.reduce((sum, row) => sum + row.balanceMinor, 0n),
  };
}

/** See {@link Ledger.accounts}. */
export async function listAccounts<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  filter: Parameters<Ledger['accounts']>[0],
  page: Parameters<Ledger['accounts']>[1],
): ReturnType<Ledger['accounts']> {
  const { code, owner } = filter;
  if (code !== undefined) await checkCode(db, code);
  const after = decodeCursor(page.cursor, [z.string(), z.string(), z.string()]);
  const conditions = [
    code === undefined ? undefined : sql`a.code = ${code}`,
    owner === undefined ? undefined : sql`a.owner = ${owner}`,
    after && sql`(a.code, a.owner, a.currency) > (${after[0]}, ${after[1]}, ${after[2]})`,
  ].filter((condition) => condition !== undefined);
  const { rows } = await sql<{
    code: string;
    owner: string;
    currency: string;
    balanceMinor: bigint;
  }>`
    select a.code, a.owner, a.currency, coalesce((select sum(debit_minor - credit_minor)
      from ledger.account_days d
      where d.account_id = a.id and d.day <= ${upTo(filter.on)}::date), 0)::bigint as "balanceMinor"
    from ledger.accounts a
    where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}
    order by a.code, a.owner, a.currency limit ${page.limit + 1}`.execute(db);
  return toPage(
    rows,
    page.limit,
    (row) => [row.code, row.owner, row.currency],
    (row) => row,
  );
}

async function checkCode<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  code: string,
): Promise<void> {
  const { rows } = await sql<{ code: string }>`
    select code from ledger.chart order by code`.execute(db);
  if (rows.some((row) => row.code === code)) return;
  const codes = rows.map((row) => row.code).join(', ');
  throw invalid(`"${code}" is not in the chart of accounts: expected one of ${codes}.`, [
    { path: 'code', message: `expected one of ${codes}` },
  ]);
}

/**
 * See {@link Ledger.balance}. Adds up days, not postings: the cost grows with the age of the
 * account alone.
 */
export async function balanceOf<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  account: { code: string; owner: string; currency: string },
  on?: string,
): Promise<bigint> {
  const { rows } = await sql<{ balance: bigint }>`
    select coalesce(sum(d.debit_minor - d.credit_minor), 0)::bigint as balance
    from ledger.accounts a join ledger.account_days d on d.account_id = a.id
    where a.code = ${account.code} and a.owner = ${account.owner}
      and a.currency = ${account.currency} and d.day <= ${upTo(on)}::date`.execute(db);
  return rows[0]?.balance ?? 0n;
}

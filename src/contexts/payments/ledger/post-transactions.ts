import { sql } from 'kysely';
import { conflict } from '../../../platform/errors.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { PaymentsTables } from '../tables.ts';
import { translateLedgerError } from './ledger-errors.ts';

/** A movement to be booked. Its postings balance; those of 0 are left out. */
export interface NewTransaction {
  id: string;
  /** Made of what it is about, such as `order:<id>`: the same key is the same movement. */
  idempotencyKey: string;
  kind: string;
  /** Business day that it counts for; see {@link firstOpenDay}. */
  bookedOn: string;
  occurredAt: Date;
  subjectKind: string;
  subjectId: string;
  rulesVersion?: string;
  /** The transaction that it takes back; then `kind` is `reversal`, with a reason. */
  reverses?: string;
  reason?: string;
  postings: readonly NewPosting[];
}

export interface NewPosting {
  /** A code of the chart of accounts. */
  code: string;
  /** Customer, worker or provider, where the chart has one account for each. */
  owner?: string;
  /** Debits are positive, credits negative. */
  amountMinor: bigint;
}

/** What became of a {@link NewTransaction}. */
export interface Posted {
  /** Of the transaction that stands in the ledger under this key. */
  id: string;
  /** False: it was there already, with the same content. */
  isNew: boolean;
}

/**
 * Books movements, each once, in four statements whatever their number. What is there already
 * under its key stays as it is. The database checks what is booked: balanced, into an open month,
 * a reversal the exact opposite.
 * @returns by idempotency key; movements without any amount other than 0 are missing
 * @throws StewardError `transaction_key_reused` when a key stands for another movement,
 *   `month_closed` for a day of a closed month, `already_reversed`, `not_reversible`
 */
export async function postTransactions<Tables extends PaymentsTables>(
  tx: Transaction<Tables>,
  currency: string,
  transactions: readonly NewTransaction[],
): Promise<Map<string, Posted>> {
  const moving = transactions
    .map((one) => ({ ...one, postings: one.postings.filter((line) => line.amountMinor !== 0n) }))
    .filter((one) => one.postings.length > 0)
    // In one order, so that two who book the same things never wait for each other.
    .sort((one, other) => (one.idempotencyKey < other.idempotencyKey ? -1 : 1));
  if (moving.length === 0) return new Map();
  const accounts = await openAccounts(
    tx,
    currency,
    moving.flatMap((one) => one.postings),
  );
  const { rows } = await sql<{ id: string; idempotency_key: string }>`
    insert into ledger.transactions (id, idempotency_key, kind, booked_on, occurred_at,
      subject_kind, subject_id, rules_version, reverses, reason)
    select * from unnest(${moving.map((one) => one.id)}::uuid[],
      ${moving.map((one) => one.idempotencyKey)}::text[], ${moving.map((one) => one.kind)}::text[],
      ${moving.map((one) => one.bookedOn)}::date[],
      ${moving.map((one) => one.occurredAt)}::timestamptz[],
      ${moving.map((one) => one.subjectKind)}::text[],
      ${moving.map((one) => one.subjectId)}::text[],
      ${moving.map((one) => one.rulesVersion ?? null)}::text[],
      ${moving.map((one) => one.reverses ?? null)}::uuid[],
      ${moving.map((one) => one.reason ?? null)}::text[])
    on conflict (idempotency_key) do nothing
    returning id, idempotency_key`
    .execute(tx)
    .catch((error: unknown) => {
      throw translateLedgerError(error);
    });
  const posted = new Map(rows.map((row) => [row.idempotency_key, { id: row.id, isNew: true }]));
  const lines = moving
    .filter((one) => posted.has(one.idempotencyKey))
    .flatMap((one) => one.postings.map((posting, index) => ({ one, posting, line: index + 1 })));
  if (lines.length > 0) {
    await sql`
      insert into ledger.postings
        (transaction_id, line, account_id, booked_on, amount_minor, currency)
      select t, l, a, d, m, ${currency} from unnest(${lines.map(({ one }) => one.id)}::uuid[],
        ${lines.map(({ line }) => line)}::smallint[],
        ${lines.map(({ posting }) => accounts.get(accountKey(posting)))}::bigint[],
        ${lines.map(({ one }) => one.bookedOn)}::date[],
        ${lines.map(({ posting }) => posting.amountMinor)}::bigint[]) as p (t, l, a, d, m)`.execute(
      tx,
    );
  }
  const known = moving.filter((one) => !posted.has(one.idempotencyKey));
  for (const [key, id] of await readKnown(tx, known)) posted.set(key, { id, isNew: false });
  return posted;
}

/**
 * The first day that can still be booked into; null where no month is closed yet. Read it in the
 * transaction that books: no month is closed from then on until the transaction has ended.
 */
export async function firstOpenDay<Tables extends PaymentsTables>(
  db: Executor<Tables>,
): Promise<string | null> {
  // The lock that closing a month waits for. A statement of its own: the next one must see what
  // was committed while we waited.
  await sql`select pg_advisory_xact_lock_shared(7233173, 1)`.execute(db);
  const { rows } = await sql<{ day: string | null }>`
    select (max(month) + interval '1 month')::date as day from ledger.closed_months`.execute(db);
  return rows[0]?.day ?? null;
}

function accountKey({ code, owner = '' }: { code: string; owner?: string }): string {
  return `${code} ${owner}`;
}

/** Ids of the accounts, which are made with their first posting. */
async function openAccounts<Tables extends PaymentsTables>(
  tx: Transaction<Tables>,
  currency: string,
  postings: readonly NewPosting[],
): Promise<Map<string, bigint>> {
  const wanted = [...new Map(postings.map((one) => [accountKey(one), one])).entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { code, owner = '' }]) => ({ code, owner }));
  const codes = wanted.map(({ code }) => code);
  const owners = wanted.map(({ owner }) => owner);
  const read = async () => {
    const { rows } = await sql<{ id: bigint; code: string; owner: string }>`
      select a.id, a.code, a.owner from unnest(${codes}::text[], ${owners}::text[]) as w (code, owner)
      join ledger.accounts a on a.code = w.code and a.owner = w.owner
        and a.currency = ${currency}`.execute(tx);
    return new Map(rows.map((row) => [accountKey(row), row.id]));
  };
  const there = await read();
  if (there.size === wanted.length) return there;
  await sql`
    insert into ledger.accounts (code, owner, currency)
    select code, owner, ${currency} from unnest(${codes}::text[], ${owners}::text[]) as w (code, owner)
    where not exists (select from ledger.accounts a
      where a.code = w.code and a.owner = w.owner and a.currency = ${currency})
    order by code, owner
    on conflict (code, owner, currency) do nothing`.execute(tx);
  return read();
}

/** Ids of movements that are there already, after a look at whether they are the same. */
async function readKnown<Tables extends PaymentsTables>(
  tx: Transaction<Tables>,
  known: readonly NewTransaction[],
): Promise<Map<string, string>> {
  if (known.length === 0) return new Map();
  const { rows } = await sql<{ id: string; key: string; kind: string; lines: string[] }>`
    select t.id, t.idempotency_key as key, t.kind, array_agg(
      a.code || ' ' || a.owner || ' ' || p.amount_minor order by p.line) as lines
    from ledger.transactions t
    join ledger.postings p on p.transaction_id = t.id
    join ledger.accounts a on a.id = p.account_id
    where t.idempotency_key = any(${known.map((one) => one.idempotencyKey)}::text[])
    group by t.id`.execute(tx);
  const found = new Map(rows.map((row) => [row.key, row]));
  for (const one of known) {
    const row = found.get(one.idempotencyKey);
    const lines = one.postings.map((line) => `${accountKey(line)} ${line.amountMinor}`);
    if (row?.kind === one.kind && JSON.stringify(row.lines) === JSON.stringify(lines)) continue;
    throw conflict(
      'transaction_key_reused',
      `The ledger has another movement under the key "${one.idempotencyKey}": ${row?.lines.join(', ') ?? 'none that can be read'}; asked for was ${lines.join(', ')}.`,
      { key: one.idempotencyKey, transactionId: row?.id },
    );
  }
  return new Map(rows.map((row) => [row.key, row.id]));
}

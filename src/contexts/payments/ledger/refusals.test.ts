import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { createPaymentsDatabase } from '../../../../test/database.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';

type Db = Database<AllTables>;
type Line = [account: 'bank' | 'revenue' | 'other', amount: number, line?: number];

interface Given {
  id?: string;
  bookedOn?: string;
  reverses?: string;
  kind?: string;
  lines?: Line[];
  postedOn?: string;
  currency?: string;
}

/** What a program with a fault, or a person at the console, could write. */
async function write(db: Db, given: Given = {}): Promise<string> {
  const { id = randomUUID(), bookedOn = '2026-11-10', reverses = null } = given;
  const lines = given.lines ?? [
    ['bank', 100],
    ['revenue', -100],
  ];
  await db.transaction().execute(async (tx) => {
    await sql`
      insert into ledger.transactions (id, idempotency_key, kind, booked_on, occurred_at,
        subject_kind, subject_id, reverses, reason)
      values (${id}, ${id}, ${given.kind ?? (reverses ? 'reversal' : 'test')}, ${bookedOn},
        now(), 'test', 'test', ${reverses}, 'test')`.execute(tx);
    if (lines.length > 0) await addLines(tx, { ...given, id, bookedOn, lines });
  });
  return id;
}

async function addLines(
  db: Pick<Db, 'getExecutor'>,
  given: Given & { id: string; bookedOn: string; lines: Line[] },
): Promise<void> {
  const { lines } = given;
  await sql`
    insert into ledger.postings (transaction_id, line, account_id, booked_on, amount_minor, currency)
    select ${given.id}::uuid, l.line, coalesce(a.id, -1), ${given.postedOn ?? given.bookedOn}::date,
      l.amount, ${given.currency ?? 'USD'}
    from unnest(${lines.map(([, , line], index) => line ?? index + 1)}::smallint[],
      ${lines.map(([code]) => code)}::text[], ${lines.map(([, amount]) => amount)}::bigint[])
      as l (line, code, amount)
    left join ledger.accounts a on a.code = l.code`.execute(db as Db);
}

async function open() {
  const own = await createPaymentsDatabase<AllTables>();
  await sql`
    insert into ledger.accounts (code, currency) values ('bank', 'USD'), ('revenue', 'USD')`.execute(
    own.db,
  );
  return own;
}

const refused = (constraint: string) => expect.objectContaining({ constraint });
const DENIED = expect.objectContaining({ code: '42501' });
const KEPT = expect.objectContaining({ code: '23001' });

// Whoever may write at all, the owner of the tables included.
describe.each([undefined, 'steward_payments_worker', 'steward_finance'])(
  'written as %s',
  (role) => {
    test('what balances is booked, and the sums of the day with it', async () => {
      const { open: as } = await open();
      const db = as(role);
      await write(db);
      await write(db, {
        lines: [
          ['bank', 30],
          ['bank', -10],
          ['revenue', -20],
        ],
      });
      const { rows } = await sql`
      select a.code, d.day, d.debit_minor, d.credit_minor, d.postings from ledger.account_days d
      join ledger.accounts a on a.id = d.account_id order by 1`.execute(db);
      expect(rows).toEqual([
        { code: 'bank', day: '2026-11-10', debit_minor: 130n, credit_minor: 10n, postings: 3 },
        { code: 'revenue', day: '2026-11-10', debit_minor: 0n, credit_minor: 120n, postings: 2 },
      ]);
    });

    test('what does not balance is refused', async () => {
      const db = (await open()).open(role);
      const lines: Line[] = [
        ['bank', 100],
        ['revenue', -99],
      ];
      await expect(write(db, { lines })).rejects.toEqual(refused('unbalanced'));
      await expect(write(db, { lines: [['bank', 100]] })).rejects.toEqual(refused('unbalanced'));
    });

    test('a transaction without postings is refused at the commit', async () => {
      const db = (await open()).open(role);
      await expect(write(db, { lines: [] })).rejects.toMatchObject({ code: '23503' });
      const late: Line[] = [
        ['bank', 100, 2],
        ['revenue', -100, 3],
      ];
      await expect(write(db, { lines: late })).rejects.toMatchObject({ code: '23503' });
    });

    test('a posting of nothing is refused', async () => {
      const db = (await open()).open(role);
      await expect(write(db, { lines: [['bank', 0]] })).rejects.toMatchObject({ code: '23514' });
    });

    test('postings added to a booked transaction are refused, even balanced ones', async () => {
      const db = (await open()).open(role);
      const id = await write(db);
      const lines: Line[] = [
        ['bank', 5, 3],
        ['revenue', -5, 4],
      ];
      await expect(addLines(db, { id, bookedOn: '2026-11-10', lines })).rejects.toEqual(
        refused('complete'),
      );
    });

    test('postings of another day, currency, account or transaction are refused', async () => {
      const db = (await open()).open(role);
      await expect(write(db, { postedOn: '2026-11-11' })).rejects.toEqual(refused('misfit'));
      await expect(write(db, { currency: 'EUR' })).rejects.toEqual(refused('misfit'));
      const lines: Line[] = [
        ['bank', 100],
        ['other', -100],
      ];
      await expect(write(db, { lines })).rejects.toEqual(refused('misfit'));
      const stray = { id: randomUUID(), bookedOn: '2026-11-10' };
      await expect(
        addLines(db, {
          ...stray,
          lines: [
            ['bank', 1],
            ['revenue', -1],
          ],
        }),
      ).rejects.toEqual(refused('misfit'));
    });

    test('a reversal is the exact opposite, and there is one', async () => {
      const db = (await open()).open(role);
      const id = await write(db);
      const wrong: Line[][] = [
        [
          ['bank', -50],
          ['revenue', 50],
        ],
        [
          ['revenue', 100],
          ['bank', -100],
        ],
        [
          ['bank', -100],
          ['revenue', 60],
          ['revenue', 40],
        ],
        [
          ['bank', 100],
          ['revenue', -100],
        ],
      ];
      for (const lines of wrong) {
        await expect(write(db, { reverses: id, lines })).rejects.toEqual(refused('not_opposite'));
      }
      const opposite: Line[] = [
        ['bank', -100],
        ['revenue', 100],
      ];
      await expect(
        write(db, { reverses: id, lines: opposite, kind: 'order' }),
      ).rejects.toMatchObject({
        code: '23514',
      });
      const reversal = await write(db, { reverses: id, lines: opposite });
      await expect(write(db, { reverses: id, lines: opposite })).rejects.toEqual(
        refused('transactions_reverses_key'),
      );
      await expect(write(db, { reverses: reversal })).rejects.toEqual(refused('reverses_reversal'));
    });

    test('nothing comes into a closed month or before it', async () => {
      const { db: owner, open: as } = await open();
      const db = as(role);
      await sql`insert into ledger.closed_months (month) values ('2026-10-01')`.execute(owner);
      for (const bookedOn of ['2026-10-31', '2026-10-01', '2026-09-15']) {
        await expect(write(db, { bookedOn })).rejects.toEqual(refused('period_closed'));
      }
      await write(db, { bookedOn: '2026-11-01' });
    });

    test('the same key is not booked twice', async () => {
      const db = (await open()).open(role);
      const id = await write(db);
      await expect(write(db, { id })).rejects.toMatchObject({ code: '23505' });
    });
  },
);

const CHANGES = [
  'update ledger.transactions set reason = $$x$$',
  'update ledger.postings set amount_minor = amount_minor * 2',
  'update ledger.accounts set owner = $$x$$',
  'update ledger.chart set owned = not owned',
  'update ledger.closed_months set closed_by = $$x$$',
  'delete from ledger.transactions',
  'delete from ledger.postings',
  'delete from ledger.accounts',
  'delete from ledger.chart',
  'delete from ledger.closed_months',
  'truncate ledger.transactions cascade',
  'truncate ledger.postings cascade',
  'truncate ledger.accounts cascade',
  'truncate ledger.closed_months',
];

test.each(CHANGES)('the owner of the tables cannot "%s"', async (statement) => {
  const { db } = await open();
  await write(db);
  await sql`insert into ledger.closed_months (month) values ('2026-10-01')`.execute(db);
  await expect(sql.raw(statement).execute(db)).rejects.toEqual(KEPT);
});

test.each(['steward_payments_worker', 'steward_finance', 'steward_payments_api', 'steward_ops'])(
  '%s may change, delete or forge nothing in the ledger',
  async (role) => {
    const { db: owner, open: as } = await open();
    await write(owner);
    const db = as(role);
    const forged = [
      'insert into ledger.account_days values (1, $$2026-11-10$$, 1, 1, 1)',
      'update ledger.account_days set debit_minor = 0',
      'delete from ledger.account_days',
      'insert into ledger.chart values ($$x$$, $$asset$$, false, $$x$$)',
      `insert into ledger.transactions (id, idempotency_key, kind, booked_on, occurred_at,
        subject_kind, subject_id, recorded_by) values (gen_random_uuid(), $$x$$, $$x$$,
        $$2026-11-10$$, now(), $$x$$, $$x$$, $$somebody else$$)`,
      'alter table ledger.postings disable trigger all',
      'set session_replication_role = replica',
    ];
    for (const statement of [...CHANGES, ...forged]) {
      await expect(sql.raw(statement).execute(db), statement).rejects.toEqual(DENIED);
    }
  },
);

test('who only looks cannot book, and nobody but finance closes a month', async () => {
  const own = await open();
  for (const role of ['steward_payments_api', 'steward_ops']) {
    await expect(write(own.open(role))).rejects.toEqual(DENIED);
  }
  const close = (role: string) =>
    sql`insert into ledger.closed_months (month) values ('2026-10-01')`.execute(own.open(role));
  await expect(close('steward_payments_worker')).rejects.toEqual(DENIED);
  await close('steward_finance');
});

test('closing a month waits for those who are booking into it, who then cannot any more', async () => {
  const own = await open();
  const booking = await own.db.startTransaction().execute();
  const id = randomUUID();
  await sql`
    insert into ledger.transactions (id, idempotency_key, kind, booked_on, occurred_at,
      subject_kind, subject_id)
    values (${id}, ${id}, 'test', '2026-10-31', now(), 'test', 'test')`.execute(booking);
  const order: string[] = [];
  const closing = sql`insert into ledger.closed_months (month) values ('2026-10-01')`
    .execute(own.open('steward_finance'))
    .then(() => order.push('closed'));
  // The lock is asked for, and not given.
  for (;;) {
    const { rows } = await sql`
      select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`.execute(
      own.db,
    );
    if (rows.length > 0) break;
  }
  await addLines(booking, {
    id,
    bookedOn: '2026-10-31',
    lines: [
      ['bank', 1],
      ['revenue', -1],
    ],
  });
  order.push('booked');
  await booking.commit().execute();
  await closing;
  expect(order).toEqual(['booked', 'closed']);
  await expect(write(own.db, { bookedOn: '2026-10-31' })).rejects.toEqual(refused('period_closed'));
});

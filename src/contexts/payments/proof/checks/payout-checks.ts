import { sql } from 'kysely';
import type { Check } from './examine.ts';

/** Movements of payouts that were not taken back. Keys are `payout:<id>:<generation>` and so on. */
const liveMovements = sql`
  select split_part(t.idempotency_key, ':', 1) as step,
    split_part(t.idempotency_key, ':', 2) as payout_id,
    t.id, a.code, p.amount_minor
  from ledger.transactions t
  join ledger.postings p on p.transaction_id = t.id
  join ledger.accounts a on a.id = p.account_id and a.code = 'payouts-in-transit'
  where (t.idempotency_key like 'payout:%' or t.idempotency_key like 'payout-paid:%')
    and not exists (select from ledger.transactions r where r.reverses = t.id)`;

/** each worker once per month, and of each payout what was committed. */
const workersPaidOnce: Check = {
  name: 'workers-paid-once',
  checked: sql`select count(*) as rows from payments.payouts`,
  findings: sql`
    select 'twice', worker_id::text, period, count(*), 1 from payments.payouts
    where status <> 'failed' group by worker_id, period having count(*) > 1
    union all
    select case when w.payout_id is null then 'stray' else w.step end,
      coalesce(w.payout_id, m.payout_id), w.status,
      coalesce(m.amount, 0), coalesce(w.amount, 0)
    from (
      select id::text as payout_id, status, 'payout' as step,
        case when status = 'failed' then 0 else amount_minor end as amount
      from payments.payouts
      union all
      select id::text, status, 'payout-paid',
        case when status = 'paid' then amount_minor else 0 end
      from payments.payouts) w
    full join (
      select step, payout_id,
        sum(case step when 'payout' then -amount_minor else amount_minor end) as amount
      from (${liveMovements}) l group by step, payout_id) m
      on m.step = w.step and m.payout_id = w.payout_id
    where coalesce(m.amount, 0) <> coalesce(w.amount, 0)
    union all
    select 'claw-back', t.id::text, t.subject_kind || ' ' || t.subject_id,
      p.amount_minor, coalesce(r.claw_back_minor, d.claw_back_minor)
    from ledger.transactions t
    join ledger.postings p on p.transaction_id = t.id
    join ledger.accounts a on a.id = p.account_id and a.code = 'worker-payable'
    left join payments.refunds r on t.idempotency_key = 'refund-claw-back:' || r.id
      and r.claw_back_worker::text = a.owner
    left join payments.disputes d on t.idempotency_key = 'dispute-claw-back:' || d.id
      and d.claw_back_worker::text = a.owner
    where (t.idempotency_key like 'refund-claw-back:%'
        or t.idempotency_key like 'dispute-claw-back:%')
      and p.amount_minor is distinct from coalesce(r.claw_back_minor, d.claw_back_minor)`,
  sentences: {
    twice: ({ id, other, found }) => `Worker ${id} has ${found} payouts for ${other}.`,
    payout: ({ id, other }, { found, expected }) =>
      `Payout ${id} is ${other}: ${expected} should be taken from the worker's payable, but ${found} are.`,
    'payout-paid': ({ id, other }, { found, expected }) =>
      `Payout ${id} is ${other}: ${expected} should be booked as paid, but ${found} are.`,
    stray: ({ id }, { found }) => `The ledger moves ${found} for payout ${id}, which there is not.`,
    'claw-back': ({ id, other }, { found, expected }) =>
      `Transaction ${id} takes ${found} back from a worker for ${other}, which says ${expected}.`,
  },
};

export const payoutChecks: readonly Check[] = [workersPaidOnce];

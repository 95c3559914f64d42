import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import { isUuid } from '../../../platform/ids.ts';
import { formatMoney } from '../../../platform/money.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { ProofCheck } from '../payments.ts';
import { MOST_VIOLATIONS } from './checks/examine.ts';

const DAY_MS = 86_400_000;

/** A movement on both sides, or on one of them. */
interface Pair {
  /** In the provider's words: charge, refund, refund-failed, … */
  kind: string;
  /** The provider's id of the charge, refund, dispute or transfer; ours where it has none. */
  ref: string;
  provider_minor: bigint | null;
  provider_at: Date | null;
  ledger_minor: bigint | null;
  ledger_at: Date | null;
  currency: string;
}

/** Our states in which the answer, or its booking, is still to come. */
const IN_DOUBT = new Set(['planned', 'sending', 'unknown', 'processing', 'requires_action']);
/** What moved with the provider just now may be on its way to us: events are polled far oftener. */
const GRACE_MS = 3_600_000;
/** A month that is closed moves what belongs into it by up to a month, and a few days. */
const SEARCH_DAYS = 40;

/**
 * The provider's movements against those of our account with it, both ways: what they have and we
 * have not, what we have and they have not, other amounts, other days.
 */
export async function compareWithProvider(
  deps: PaymentsDependencies,
  range: { from: Date; to: Date },
): Promise<ProofCheck[]> {
  const pairs = await readPairs(deps, range);
  const within = (at: Date | null) => at !== null && at >= range.from && at < range.to;
  const missing: string[] = [];
  const extra: string[] = [];
  const amount: string[] = [];
  const timing: string[] = [];
  for (const pair of pairs) {
    if (!within(pair.provider_at) && !within(pair.ledger_at)) continue;
    if (pair.ledger_minor === null) {
      const fine = hasComeAndGone(pair, pairs) || (await isUnderWay(deps, pair));
      if (!fine) missing.push(sayMissing(pair));
    } else if (pair.provider_minor === null) {
      extra.push(sayExtra(pair));
    } else if (pair.ledger_minor !== pair.provider_minor) {
      amount.push(sayAmount(pair));
    } else if (daysApart(deps, pair) > deps.rules.reconciling.allowedLagDays) {
      timing.push(sayTiming(deps, pair));
    }
  }
  const check = (name: string, violations: string[]): ProofCheck => ({
    name,
    passed: violations.length === 0,
    checked: pairs.length,
    violations: violations.slice(0, MOST_VIOLATIONS),
  });
  return [
    check('missing', missing),
    check('extra', extra),
    check('amount', amount),
    check('timing', timing),
  ];
}

/**
 * Sums by what moved. Ours are the movements of the provider's account, by the ids that charges,
 * refunds, disputes and payouts keep of the provider's; a reversal is what gave the money back.
 */
async function readPairs(
  deps: PaymentsDependencies,
  { from }: { from: Date; to: Date },
): Promise<Pair[]> {
  const provider = deps.provider.name;
  const since = new Date(from.getTime() - SEARCH_DAYS * DAY_MS);
  const { rows } = await sql<Pair>`
    with theirs as (
      select b.kind, coalesce('payout-paid:' || w.payout_id || ':' || w.generation, b.source_ref, b.ref)
          as ref,
        sum(b.amount_minor) as amount, min(b.created_at) as at, min(b.currency) as currency
      from payments.balance_entries b
      left join lateral (
        select s.payout_id, s.generation from payments.payout_steps s
        where b.kind like 'transfer%' and s.provider_ref = b.source_ref limit 1) w on true
      where b.provider = ${provider} and b.created_at >= ${since}
        and b.kind not in ('fee', 'payout', 'payout-failed', 'top-up') and b.amount_minor <> 0
      group by 1, 2
    ), moved as (
      select coalesce(o.idempotency_key, t.idempotency_key) as key, o.id is not null as back,
        p.amount_minor, t.occurred_at, p.currency
      from ledger.accounts a
      join ledger.postings p on p.account_id = a.id and p.booked_on >= ${since}::timestamptz::date
      join ledger.transactions t on t.id = p.transaction_id
      left join ledger.transactions o on o.id = t.reverses
      where a.code = 'provider-clearing' and a.owner = ${provider}
    ), named as (
      select key, split_part(key, ':', 1) as step, split_part(key, ':', 2) as id, back,
        amount_minor, occurred_at, currency from moved
    ), ours as (
      select case n.step
          when 'charge' then 'charge'
          when 'refund' then case when n.back then 'refund-failed' else 'refund' end
          when 'dispute' then case when n.back then 'dispute-returned' else 'dispute' end
          when 'payout-paid' then case when n.back then 'transfer-reversed' else 'transfer' end
          else 'other' end as kind,
        coalesce(c.provider_ref, r.provider_ref, d.provider_ref, n.key) as ref,
        sum(n.amount_minor) as amount, min(n.occurred_at) as at, min(n.currency) as currency
      from named n
      left join payments.charges c on n.step = 'charge' and c.id::text = n.id
      left join payments.refunds r on n.step = 'refund' and r.id::text = n.id
      left join payments.disputes d on n.step = 'dispute' and d.id::text = n.id
      where n.step not in ('fee', 'provider-payout')
      group by 1, 2
    )
    select coalesce(t.kind, o.kind) as kind, coalesce(t.ref, o.ref) as ref,
      t.amount::bigint as provider_minor, t.at as provider_at, o.amount::bigint as ledger_minor,
      o.at as ledger_at, coalesce(t.currency, o.currency) as currency
    from theirs t full join ours o on o.kind = t.kind and o.ref = t.ref
    order by coalesce(t.at, o.at), 2`.execute(deps.db);
  return rows;
}

/** What gives the money of the other back. */
const OPPOSITE = new Map([
  ['refund', 'refund-failed'],
  ['refund-failed', 'refund'],
  ['dispute', 'dispute-returned'],
  ['dispute-returned', 'dispute'],
]);

/**
 * Whether it was over before we looked at it for the first time: taken and given back, all of it.
 * We know refunds and disputes by how they stand, and such a one has come to nothing.
 */
function hasComeAndGone(pair: Pair, pairs: readonly Pair[]): boolean {
  return pairs.some(
    (other) =>
      other.ref === pair.ref &&
      other.kind === OPPOSITE.get(pair.kind) &&
      other.ledger_minor === null &&
      other.provider_minor === -(pair.provider_minor ?? 0n),
  );
}

/** Whether a movement that we have not booked is only not booked yet. */
async function isUnderWay(deps: PaymentsDependencies, pair: Pair): Promise<boolean> {
  const ageMs = deps.clock.now().getTime() - (pair.provider_at?.getTime() ?? 0);
  if (ageMs < GRACE_MS) return true;
  if (ageMs > deps.rules.reconciling.allowedLagDays * DAY_MS) return false;
  const status = await ourStatus(deps, pair);
  return status !== undefined && IN_DOUBT.has(status);
}

/** How our side of it stands, where the provider knows our id. */
async function ourStatus(
  { db, provider }: PaymentsDependencies,
  { kind, ref }: Pair,
): Promise<string | undefined> {
  if (kind === 'charge') {
    const id = (await provider.getCharge(ref))?.chargeId;
    const row = id && isUuid(id) && (await readStatus(db, 'payments.charges', id));
    return row || undefined;
  }
  if (kind === 'refund') {
    const id = (await provider.getRefund(ref))?.refundId;
    const row = id && isUuid(id) && (await readStatus(db, 'payments.refunds', id));
    return row || undefined;
  }
  if (kind !== 'transfer') return undefined;
  const id = (await provider.getTransfer(ref))?.payoutId;
  return (id && isUuid(id) && (await readStatus(db, 'payments.payouts', id))) || undefined;
}

async function readStatus(
  db: PaymentsDependencies['db'],
  table: 'payments.charges' | 'payments.refunds' | 'payments.payouts',
  id: string,
): Promise<string | undefined> {
  const row = await db.selectFrom(table).select('status').where('id', '=', id).executeTakeFirst();
  return row?.status;
}

function text(amountMinor: bigint | null, currency: string): string {
  return formatMoney({ amountMinor: amountMinor ?? 0n, currency });
}

function sayMissing({ kind, ref, provider_minor, provider_at, currency }: Pair): string {
  return `The provider has ${text(provider_minor, currency)} for ${kind} ${ref} of ${provider_at?.toISOString()}, which the ledger has not.`;
}

function sayExtra({ kind, ref, ledger_minor, ledger_at, currency }: Pair): string {
  return `The ledger has ${text(ledger_minor, currency)} for ${kind} ${ref} of ${ledger_at?.toISOString()}, which the provider has not.`;
}

function sayAmount({ kind, ref, provider_minor, ledger_minor, currency }: Pair): string {
  return `For ${kind} ${ref} the provider has ${text(provider_minor, currency)}, but the ledger ${text(ledger_minor, currency)}.`;
}

function sayTiming(deps: PaymentsDependencies, { kind, ref, ...pair }: Pair): string {
  const [theirs, ours] = days(deps, pair);
  return `For ${kind} ${ref} the provider says ${theirs}, but the ledger ${ours}: more than ${deps.rules.reconciling.allowedLagDays} days apart.`;
}

function days(
  { timeZone }: PaymentsDependencies,
  { provider_at: theirs, ledger_at: ours }: Pick<Pair, 'provider_at' | 'ledger_at'>,
): [string, string] {
  const never = new Date(0);
  return [businessDay(theirs ?? never, timeZone), businessDay(ours ?? never, timeZone)];
}

function daysApart(deps: PaymentsDependencies, pair: Pair): number {
  const [theirs, ours] = days(deps, pair);
  return Math.abs(Date.parse(theirs) - Date.parse(ours)) / DAY_MS;
}

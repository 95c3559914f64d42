import { sql } from 'kysely';
import { formatMoney, minorDigits } from '../../../platform/money.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type {
  ChargeFailure,
  ChargeRequest,
  ChargeState,
  ProviderCharge,
} from '../provider/provider.ts';
import { openDispute } from './disputes.ts';
import { moveBalance, newRef, once, refused, type Sandbox, tell } from './sandbox.ts';
import { testMethod } from './test-methods.ts';

interface ChargeRow {
  ref: string;
  charge_id: string;
  customer_ref: string;
  state: ChargeState;
  failure_kind: ChargeFailure['kind'] | null;
  failure_code: string | null;
  amount_minor: bigint;
  currency: string;
  created_at: Date;
}

const columns = sql`ref, charge_id, customer_ref, state, failure_kind, failure_code, amount_minor,
  currency, created_at`;

function toCharge(row: ChargeRow): ProviderCharge {
  const { failure_kind: kind, failure_code: code } = row;
  return {
    ref: row.ref,
    chargeId: row.charge_id,
    state: row.state,
    failure: kind && code ? { kind, code } : null,
    amountMinor: row.amount_minor,
    currency: row.currency,
    createdAt: row.created_at,
  };
}

/** As Stripe: half a unit. */
export function leastCharge(currency: string): bigint {
  return (5n * 10n ** BigInt(minorDigits(currency)) + 9n) / 10n;
}

/** As Stripe: of three digits after the point the last must be 0. */
export function chargeStep(currency: string): bigint {
  return minorDigits(currency) === 3 ? 10n : 1n;
}

/** Stripe's list price for cards, so that there is something to reconcile: 2.9 % and 0.30 units. */
function chargeFee(amountMinor: bigint, currency: string): bigint {
  const fixed = (3n * 10n ** BigInt(minorDigits(currency))) / 10n;
  return (amountMinor * 29n + 500n) / 1_000n + fixed;
}

/** See {@link PaymentProvider.charge}. */
export function makeCharge<Tables>(
  box: Sandbox<Tables>,
  request: ChargeRequest,
): Promise<ProviderCharge> {
  return once(box, 'charge', request, async (tx) => {
    const card = await readCard(tx, request);
    checkAmount(request);
    const method = testMethod(card);
    if (!method) throw refused('resource_missing', `There is no test card "${card}".`);
    const failure = method.charge.state === 'failed' ? method.charge.failure : null;
    const { rows } = await sql<ChargeRow>`
      insert into sandbox.charges (ref, charge_id, invoice_id, customer_ref, method_ref, state,
        failure_kind, failure_code, amount_minor, currency, description, created_at)
      values (${newRef(box, 'ch')}, ${request.chargeId}, ${request.invoiceId},
        ${request.customerRef}, ${request.methodRef}, ${method.charge.state},
        ${failure?.kind ?? null}, ${failure?.code ?? null}, ${request.amountMinor},
        ${request.currency}, ${request.description}, ${box.clock.now()})
      returning ${columns}`.execute(tx);
    const [charge] = rows.map(toCharge);
    if (!charge) throw new Error('The sandbox kept no charge.');
    await tell(box, tx, {
      type: `charge.${charge.state}`,
      about: 'charge',
      objectRef: charge.ref,
    });
    if (charge.state === 'succeeded') {
      await takeMoney(box, tx, charge);
      if (method.dispute) await openDispute(box, tx, charge, method.dispute);
    }
    return charge;
  });
}

async function takeMoney<Tables>(
  box: Sandbox<Tables>,
  tx: Transaction<Tables>,
  { ref, amountMinor, currency }: ProviderCharge,
): Promise<void> {
  const feeMinor = chargeFee(amountMinor, currency);
  await moveBalance(box, tx, { kind: 'charge', sourceRef: ref, amountMinor, feeMinor, currency });
}

async function readCard<Tables>(tx: Transaction<Tables>, request: ChargeRequest): Promise<string> {
  const { rows } = await sql<{ card: string }>`
    select card from sandbox.methods
    where ref = ${request.methodRef} and customer_ref = ${request.customerRef}`.execute(tx);
  const [method] = rows;
  if (method) return method.card;
  throw refused(
    'resource_missing',
    `The customer "${request.customerRef}" has no payment method "${request.methodRef}".`,
  );
}

function checkAmount({ amountMinor, currency }: ChargeRequest): void {
  const least = leastCharge(currency);
  const step = chargeStep(currency);
  if (amountMinor >= least && amountMinor % step === 0n) return;
  const [amount, atLeast] = [amountMinor, least].map((minor) =>
    formatMoney({ amountMinor: minor, currency }),
  );
  throw refused(
    amountMinor < least ? 'amount_too_small' : 'invalid_amount',
    `${amount} cannot be charged: expected at least ${atLeast}, in steps of ${step} minor units.`,
  );
}

/** See {@link PaymentProvider.findCharge}. */
export async function findCharge<Tables>(
  db: Executor<Tables>,
  query: { customerRef: string; chargeId: string; since: Date },
): Promise<ProviderCharge | null> {
  const { rows } = await sql<ChargeRow>`
    select ${columns} from sandbox.charges
    where charge_id = ${query.chargeId} and customer_ref = ${query.customerRef}
      and created_at >= ${query.since}
    order by state = 'succeeded' desc, created_at desc limit 1`.execute(db);
  return rows.map(toCharge)[0] ?? null;
}

/** See {@link PaymentProvider.getCharge}. */
export async function getCharge<Tables>(
  db: Executor<Tables>,
  ref: string,
): Promise<ProviderCharge | null> {
  const { rows } = await sql<ChargeRow>`
    select ${columns} from sandbox.charges where ref = ${ref}`.execute(db);
  return rows.map(toCharge)[0] ?? null;
}

/** See {@link PaymentProvider.cancelCharge}. */
export async function cancelCharge<Tables>(
  box: Sandbox<Tables>,
  ref: string,
): Promise<ProviderCharge> {
  return box.db.transaction().execute(async (tx) => {
    const { rows } = await sql`
      update sandbox.charges set state = 'cancelled'
      where ref = ${ref} and state in ('requires_action', 'processing', 'failed')
      returning ref`.execute(tx);
    if (rows.length > 0) {
      await tell(box, tx, { type: 'charge.cancelled', about: 'charge', objectRef: ref });
    }
    const charge = await getCharge(tx, ref);
    if (!charge) throw refused('resource_missing', `There is no charge "${ref}".`);
    return charge;
  });
}

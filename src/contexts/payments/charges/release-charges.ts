import { sql } from 'kysely';
import type { PaymentsDependencies } from '../dependencies.ts';
import { pastDueAt } from './charge-states.ts';
import { changeCharge, planGeneration } from './charge-store.ts';
import { dunningSchedule, markPastDue } from './record-charge.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

const DAY_MS = 86_400_000;
const BATCH = 500;

/**
 * Lets unpaid invoices be charged now whose customer has given a payment method since the last
 * attempt: what waits for one, what waits for the next day of the schedule, what is past due. A
 * method that was tried already is no reason to try again.
 * @param customerRef only this customer of the provider
 * @returns how many were let go
 */
export async function releaseCharges(deps: Deps, customerRef?: string): Promise<number> {
  const now = deps.clock.now();
  let released = 0;
  const seen = new Set<string>();
  for (;;) {
    const { rows } = await sql<{ id: string }>`
      select i.id from payments.invoices i
      join payments.people p on p.kind = 'customer' and p.person_id = i.customer_id
      join payments.provider_customers pc on pc.subject_key = p.subject_key
        and pc.provider = ${deps.provider.name} and pc.method is not null
      where i.status in ('open', 'past_due')
        and (i.needs_method or i.failing_since is not null)
        and (${customerRef ?? null}::text is null or pc.customer_ref = ${customerRef ?? null})
        and pc.method ->> 'ref' is distinct from (
          select c.method_ref from payments.charges c
          where c.invoice_id = i.id and c.method_ref is not null
          order by c.generation desc limit 1)
        and not exists (select from payments.charges c where c.invoice_id = i.id and (
          c.status in ('sending', 'unknown', 'processing', 'requires_action', 'succeeded')
          or (c.status = 'planned' and c.due_at <= ${now})))
        and not (i.id = any(${[...seen]}::uuid[]))
      order by i.issued_at, i.id limit ${BATCH}`.execute(deps.db);
    for (const { id } of rows) {
      seen.add(id);
      if (await chargeNow(deps, id, 'A payment method was given.')) released += 1;
    }
    if (rows.length < BATCH) return released;
  }
}

/**
 * Makes the next attempt of an unpaid invoice due: the one that is planned, or a new one.
 * @returns its id; null where the invoice is paid, void, or an attempt is under way
 */
export function chargeNow(deps: Deps, invoiceId: string, detail: string): Promise<string | null> {
  return deps.db.transaction().execute(async (tx) => {
    const now = deps.clock.now();
    const invoice = await tx
      .selectFrom('payments.invoices')
      .select(['status', 'total_minor', 'rounding_minor', 'currency'])
      .where('id', '=', invoiceId)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (invoice?.status !== 'open' && invoice?.status !== 'past_due') return null;
    const live = await tx
      .selectFrom('payments.charges')
      .select(['id', 'status', 'lease_until'])
      .where('invoice_id', '=', invoiceId)
      .where('status', 'in', ['planned', 'sending', 'unknown', 'processing', 'requires_action'])
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (live && live.status !== 'planned') return null;
    const working = live?.lease_until && live.lease_until > now;
    if (live && !working) {
      await changeCharge(tx, live.id, { status: 'planned', due_at: now }, detail, now);
    }
    const next = {
      invoiceId,
      amountMinor: invoice.total_minor - invoice.rounding_minor,
      currency: invoice.currency,
      dueAt: now,
      detail,
    };
    const id = live?.id ?? (await planGeneration(tx, deps, next, now));
    await tx
      .updateTable('payments.invoices')
      .set({ needs_method: false })
      .where('id', '=', invoiceId)
      .execute();
    return id;
  });
}

/** Invoices that wait for a payment method longer than the schedule goes on are past due. */
export async function moveOnWaiting(deps: Deps): Promise<number> {
  const now = deps.clock.now();
  const schedule = dunningSchedule(deps);
  const days = Math.max(0, ...schedule.retryAfterDays);
  // A day of the change to summer time is shorter.
  const since = new Date(now.getTime() - Math.max(0, days - 1) * DAY_MS);
  const rows = await deps.db
    .selectFrom('payments.invoices')
    .select(['id as invoiceId', 'customer_id as customerId', 'failing_since as failingSince'])
    .where('status', '=', 'open')
    .where('needs_method', '=', true)
    .where('failing_since', '<=', since)
    .execute();
  let moved = 0;
  for (const row of rows) {
    if (row.failingSince === null || pastDueAt(row.failingSince, schedule) > now) continue;
    const marked = await deps.db.transaction().execute((tx) => markPastDue(deps, tx, row, now));
    if (marked) moved += 1;
  }
  return moved;
}

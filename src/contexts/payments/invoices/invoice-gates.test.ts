import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { consumeOrders, endOrders, writeEndedOrders } from '../bookings/testing.ts';
import { openInvoices } from './testing.ts';

const SUNDAY_EVENING = new Date('2026-11-29T18:05:00Z');
const NEXT_SUNDAY_EVENING = new Date('2026-12-06T18:05:00Z');

test('"nothing is due" is not believed of books that have not read everything', async () => {
  const payments = await openInvoices();
  await writeEndedOrders(payments, [{ priceMinor: 2_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  await expect(payments.invoices.issueWeek('2026-W48')).rejects.toMatchObject({
    code: 'gate_tripped',
    message: expect.stringContaining('are not read yet'),
  });
  await consumeOrders(payments);
  expect(await payments.invoices.issueWeek('2026-W48')).toMatchObject({ invoices: 1 });
});

test('a first run that holds a longer past waits for a person, later ones do not', async () => {
  const payments = await openInvoices();
  await endOrders(payments, [{ priceMinor: 2_000 }]);
  payments.clock.moveTo(NEXT_SUNDAY_EVENING);
  const stopped = await payments.invoices.issueWeek('2026-W49');
  expect(stopped.outcome).toBe('stopped');
  const run = await payments.asFinance.commit(stopped.hash ?? '');
  expect(run.status).toBe('committed');
  expect(run.gates.find(({ gate }) => gate === 'total-usual')?.detail).toMatch(
    /first run, and 1 orders ended before 2026-W49/,
  );
});

test('money that the provider moved and the books do not know stops a run', async () => {
  const payments = await openInvoices();
  await endOrders(payments, [{ priceMinor: 2_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  const { db, clock } = payments.deps;
  const violation = 'The provider has charge ch_1 over 20.00 USD.';
  const keep = (passed: boolean) => sql`
    insert into payments.proofs (id, day, kind, green, checks, ran_at)
    values (${randomUUID()}, '2026-11-29', 'reconcile', ${passed}, ${JSON.stringify([
      { name: 'missing', passed, checked: 1, violations: passed ? [] : [violation] },
    ])}::jsonb, ${clock.now()})`;
  await keep(false).execute(db);
  const { hash } = await payments.invoices.issueWeek('2026-W48');
  await expect(payments.asFinance.commit(hash ?? '')).rejects.toMatchObject({
    code: 'gate_tripped',
    message: expect.stringContaining(violation),
  });
  payments.clock.advance(60_000);
  await keep(true).execute(db);
  expect(await payments.asFinance.commit(hash ?? '')).toMatchObject({ status: 'committed' });
});

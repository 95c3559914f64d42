import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openChargesTest, seedInvoice } from '../charges/testing.ts';

test('types of its own do not help a session past the triggers that keep facts', async () => {
  const t = await openChargesTest();
  const { invoiceId } = await seedInvoice(t);
  const falsify = t.asFinance.db.transaction().execute(async (session) => {
    // Temporary types come first in every search path that does not say otherwise; to this one
    // all rows begin, and end, with the same brace.
    await sql`create domain pg_temp.jsonb as "char"`.execute(session);
    await sql`
      update payments.invoices set price_minor = 1, total_minor = 1
      where id = ${invoiceId}`.execute(session);
  });
  await expect(falsify).rejects.toMatchObject({ code: '23001' });
});

import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { sendWaitingMails } from '../../../platform/mail/index.ts';
import { endOrders } from '../bookings/testing.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { openInvoices } from '../invoices/testing.ts';
import * as mails from './enqueue.ts';
import { createPaymentsMailRenderer } from './render-payments-mail.ts';

const SUNDAY_EVENING = new Date('2026-11-29T18:05:00Z');
const LINK = 'http://127.0.0.1:3001/pay/token';

interface Sent {
  to: { email: string; name?: string };
  subject: string;
  text: string;
}

/** A customer with one issued invoice whose mail has left. */
async function open() {
  const payments = await openInvoices();
  const [ids] = await endOrders(payments, [{ priceMinor: 12_345, serviceName: 'Window cleaning' }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  await payments.invoices.issueWeek('2026-W48');
  const invoice = await payments.invoices.get('2026-W48-000001');
  const [charge] = invoice.charges;
  if (!ids || !charge) throw new Error('There is one order and one charge.');
  const { deps } = payments;
  const about = { invoiceId: invoice.id, customerId: invoice.customerId, chargeId: charge.id };
  return { ...payments, deps, ids, about, send: (change = {}) => send({ ...deps, ...change }) };
}

async function send(deps: PaymentsDependencies) {
  const sent: Sent[] = [];
  const counts = await sendWaitingMails({
    db: deps.db,
    clock: deps.clock,
    log: deps.log,
    limit: 100,
    transport: {
      kind: 'files',
      idempotent: true,
      deliver: async (message) => {
        sent.push(message);
        return {};
      },
      close: async () => undefined,
    },
    render: createPaymentsMailRenderer({
      ...deps,
      financeTo: 'finance@example.org',
      methodLink: async () => LINK,
    }),
  });
  return { sent, counts };
}

test('an issued invoice is told with its orders, and that the sandbox moves no money', async () => {
  const { send } = await open();
  const { sent } = await send();
  expect(sent).toMatchObject([
    {
      to: { email: 'ilze@example.org', name: 'Ilze Kalna' },
      subject: '[sandbox] Invoice 2026-W48-000001: 123.45 USD',
    },
  ]);
  expect(sent[0]?.text).toContain('no money moves');
  expect(sent[0]?.text).toContain('Hello Ilze Kalna,');
  expect(sent[0]?.text).toContain(
    '  2026-11-23 08:00 +00:00  Window cleaning, completed: 123.45 USD\n',
  );
  expect(sent[0]?.text).toContain('Total: 123.45 USD');
});

test('with a provider that moves money nothing is said of a sandbox', async () => {
  const { send, deps } = await open();
  const { sent } = await send({ provider: { ...deps.provider, movesMoney: true } });
  expect(sent[0]?.subject).toBe('Invoice 2026-W48-000001: 123.45 USD');
  expect(sent[0]?.text).not.toContain('sandbox');
});

test('where the customer must act there is a link', async () => {
  const { send, deps, about } = await open();
  await deps.db.transaction().execute(async (tx) => {
    await mails.mailChargeFailed(tx, deps, about);
    await mails.mailMethodNeeded(tx, deps, { ...about, generation: 1 });
    await mails.mailMethodNeeded(tx, deps, { ...about, generation: 1 });
    await mails.mailChargeAction(tx, deps, about);
    await mails.mailInvoicePastDue(tx, deps, about);
  });
  const { sent } = await send();
  const linked = sent.filter(({ text }) => text.includes(LINK)).map(({ subject }) => subject);
  expect(linked.toSorted()).toEqual([
    '[sandbox] Not paid yet: invoice 2026-W48-000001',
    '[sandbox] Past due: invoice 2026-W48-000001',
    '[sandbox] Please confirm: invoice 2026-W48-000001',
    '[sandbox] Please give a payment method: invoice 2026-W48-000001',
  ]);
});

test('a reminder of what is paid or taken back meanwhile is not sent', async () => {
  const { send, deps, about, own } = await open();
  await send();
  await deps.db.transaction().execute((tx) => mails.mailChargeFailed(tx, deps, about));
  await sql`update payments.invoices set status = 'paid'`.execute(own.db);
  expect((await send()).counts).toMatchObject({ sent: 0, skipped: 1 });
  await deps.db.transaction().execute((tx) => mails.mailInvoicePaid(tx, deps, about));
  expect((await send()).sent).toMatchObject([
    { subject: '[sandbox] Paid: invoice 2026-W48-000001' },
  ]);
});

test('who was erased or has no address is sent nothing, and it is no fault', async () => {
  const { send, main, about } = await open();
  await sql`update stream.personal set data = '{}', erased_at = now()
    where subject_id = ${about.customerId}`.execute(main.db);
  expect((await send()).counts).toMatchObject({ sent: 0, skipped: 1, failed: 0, retrying: 0 });
});

test('refunds go to the customer, payouts to the worker', async () => {
  const { send, deps, about, ids, own } = await open();
  await send();
  const [refundId, payoutId] = [randomUUID(), randomUUID()];
  const { workerId } = ids;
  const now = deps.clock.now();
  await sql`
    insert into payments.refunds (id, invoice_id, charge_id, provider, amount_minor, currency,
      reason, status, due_at, requested_at)
    values (${refundId}, ${about.invoiceId}, ${about.chargeId}, 'sandbox', 2345, 'USD', 'late',
      'pending', ${now}, ${now})`.execute(own.db);
  await sql`
    insert into payments.payouts (id, worker_id, period, run_id, amount_minor, currency, method,
      status, due_at, created_at)
    select ${payoutId}, ${workerId}, '2026-11', id, 7407, 'USD', 'bank', 'paid', ${now}, ${now}
    from payments.runs`.execute(own.db);
  await deps.db.transaction().execute(async (tx) => {
    await mails.mailRefundMade(tx, deps, { ...about, refundId });
    await mails.mailPayoutSent(tx, deps, { payoutId, generation: 1, workerId });
    await mails.mailPayoutFailed(tx, deps, { payoutId, generation: 1 });
  });
  const { sent, counts } = await send();
  expect(sent.map(({ to, subject }) => [to.email, subject]).toSorted()).toEqual([
    ['ilze@example.org', '[sandbox] Refund for invoice 2026-W48-000001'],
    ['janis@example.org', '[sandbox] Paid out for 2026-11: 74.07 USD'],
  ]);
  expect(counts.skipped).toBe(1);
});

test('finance is told of stopped runs, red proofs, failed payouts and disputes', async () => {
  const payments = await open();
  const { send, deps, about, own } = payments;
  await send();
  const now = deps.clock.now();
  const [proofId, disputeId, payoutId] = [randomUUID(), randomUUID(), randomUUID()];
  const checks = [{ name: 'trial-balance', passed: false, checked: 1, violations: ['1 is left.'] }];
  await sql`
    insert into payments.proofs (id, day, kind, green, checks, ran_at) values (${proofId},
      '2026-11-29', 'prove', false, ${JSON.stringify(checks)}, ${now})`.execute(own.db);
  await sql`
    insert into payments.disputes (id, provider, provider_ref, invoice_id, amount_minor, currency,
      reason, status, evidence_due_at, opened_at)
    values (${disputeId}, 'sandbox', 'dp_1', ${about.invoiceId}, 12345, 'USD', 'fraudulent',
      'open', ${new Date('2026-12-09T00:00:00Z')}, ${now})`.execute(own.db);
  await sql`
    insert into payments.payouts (id, worker_id, period, run_id, amount_minor, currency, method,
      status, failure_code, due_at, created_at)
    select ${payoutId}, ${randomUUID()}, '2026-11', id, 7407, 'USD', 'provider', 'failed',
      'account_closed', ${now}, ${now} from payments.runs`.execute(own.db);
  await deps.db.transaction().execute(async (tx) => {
    await mails.mailProofRed(tx, deps, { proofId });
    await mails.mailDisputeOpened(tx, deps, { disputeId });
    await mails.mailPayoutFailed(tx, deps, { payoutId, generation: 1 });
  });
  await endOrders(payments, [{ priceMinor: 100 }]);
  payments.clock.moveTo(new Date('2026-12-06T18:05:00Z'));
  await payments.invoices.issueWeek('2026-W49');
  const { sent } = await send();
  expect(new Set(sent.map(({ to }) => to.email))).toEqual(new Set(['finance@example.org']));
  expect(sent.map(({ subject }) => subject).toSorted()).toEqual([
    '[sandbox] Disputed: 123.45 USD, invoice 2026-W48-000001',
    '[sandbox] Payout failed: 74.07 USD for 2026-11',
    '[sandbox] Red: prove of 2026-11-29',
    '[sandbox] Stopped: invoices of 2026-W49',
  ]);
  const text = sent.map((mail) => mail.text).join('');
  expect(text).toContain('1 is left.');
  expect(text).toContain('account_closed');
  expect(text).toContain('The last proof, of 2026-11-29, is red.');
  expect(text).toMatch(/steward payments invoices commit [0-9a-f]{12}\n/);
});

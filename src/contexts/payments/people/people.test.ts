import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCharges } from '../charges/create-charges.ts';
import {
  type ChargesTest,
  openChargesTest,
  readInvoice,
  seedInvoice,
  subjectOf,
} from '../charges/testing.ts';
import { createPeople } from './create-people.ts';

const DAY_MS = 86_400_000;

const customer = (id: string, more: { name?: string; email?: string } = {}) =>
  ({ kind: 'customer', subject: subjectOf(id), ...more }) as const;

async function seedWorker(t: ChargesTest): Promise<string> {
  const id = randomUUID();
  const people = createPeople(t.deps);
  const { subjectKey } = await people.identify({ kind: 'worker', subject: subjectOf(id) });
  await t.own.db
    .insertInto('payments.people')
    .values({ kind: 'worker', subject_key: subjectKey, person_id: id })
    .execute();
  return id;
}

test('whoever asks for a page before the first order becomes one customer at the provider', async () => {
  const t = await openChargesTest();
  const people = createPeople(t.asApi);
  const caller = customer('new', { name: 'Ada', email: 'ada@example.org' });
  t.world.fail('createCustomer', 'lost-after');
  await expect(people.openPage(caller)).rejects.toMatchObject({ code: 'provider_unavailable' });
  const pages = await Promise.all([people.openPage(caller), people.openPage(caller)]);
  expect(new Set(pages.map((page) => page.url)).size).toBe(1);
  await expect(people.openPage(caller, 'javascript:alert(1)')).rejects.toMatchObject({
    code: 'invalid_input',
  });
  expect(t.world.customers.size).toBe(1);
  expect(await people.identify(caller)).toMatchObject({ id: null });
});

test('a method from the browser is remembered, and pays what waits for one', async () => {
  const t = await openChargesTest();
  const { customerId, invoiceId } = await seedInvoice(t, { method: null });
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  const people = createPeople(t.asApi);
  const caller = customer(customerId);
  expect(await people.method(await people.identify(caller))).toBeNull();
  expect(await people.attachMethod(caller, 'good-1')).toMatchObject({ ref: 'good-1' });
  expect(await people.method(await people.identify(caller))).toMatchObject({ last4: '4242' });
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, succeeded: 1 });
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid', needsMethod: false });
});

test('a method that the provider refuses, or that is not a customer’s, is told', async () => {
  const t = await openChargesTest();
  const people = createPeople(t.asApi);
  t.world.fail('attachMethod', 'refused', 'lost-before');
  await expect(people.attachMethod(customer('a'), 'bad')).rejects.toMatchObject({
    code: 'method_refused',
  });
  await expect(people.attachMethod(customer('a'), 'bad')).rejects.toMatchObject({
    code: 'provider_unavailable',
  });
  const worker = { kind: 'worker', subject: 'w' } as const;
  await expect(people.attachMethod(worker, 'good')).rejects.toMatchObject({
    code: 'not_a_customer',
  });
});

test('news of a method let waiting invoices be charged; the one that failed does not', async () => {
  const t = await openChargesTest();
  const { customerRef, invoiceId } = await seedInvoice(t, { method: 'stolen-1' });
  t.world.giveMethod(customerRef, 'stolen-1');
  const charges = createCharges(t.deps);
  const { refreshMethod } = createPeople(t.deps);
  await charges.chargeDue();
  await refreshMethod(customerRef);
  expect(await charges.chargeDue()).toMatchObject({ sent: 0 });
  t.world.giveMethod(customerRef, 'good-2');
  await refreshMethod(customerRef);
  await refreshMethod('cus_of_somebody_else');
  expect(await readInvoice(t, invoiceId)).toMatchObject({ needsMethod: false });
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, succeeded: 1 });
});

test('a link from a mail leads to the page for 30 days, and only unchanged', async () => {
  const t = await openChargesTest();
  const { customerId, customerRef } = await seedInvoice(t, { method: null });
  const jobs = createPeople(t.deps);
  const api = createPeople(t.asApi);
  const link = await jobs.methodLink(customerId, t.clock.now());
  expect(link.startsWith('http://127.0.0.1:3001/pay/')).toBe(true);
  const token = link.slice(link.lastIndexOf('/') + 1);
  expect((await api.followLink(token)).url).toContain(customerRef);
  for (const index of [0, 10, 22, 30, 40, 60, token.length - 2]) {
    const other = token[index] === 'A' ? 'B' : 'A';
    const changed = `${token.slice(0, index)}${other}${token.slice(index + 1)}`;
    await expect(api.followLink(changed)).rejects.toMatchObject({ code: 'link_invalid' });
  }
  for (const changed of ['', 'x', `${token}=`, `${token}AAAA`]) {
    await expect(api.followLink(changed)).rejects.toMatchObject({ code: 'link_invalid' });
  }
  t.clock.advance(30 * DAY_MS - 1_000);
  await api.followLink(token);
  t.clock.advance(1_000);
  await expect(api.followLink(token)).rejects.toMatchObject({ code: 'link_expired' });
});

test('a worker gets one account at the provider, and stays with the bank until finance says so', async () => {
  const t = await openChargesTest();
  const id = await seedWorker(t);
  const people = createPeople(t.asApi);
  const caller = { kind: 'worker', subject: subjectOf(id), email: 'w@example.org' } as const;
  t.world.fail('createAccount', 'lost-after');
  await expect(people.openPage(caller)).rejects.toMatchObject({ code: 'provider_unavailable' });
  const page = await people.openPage(caller);
  expect((await people.openPage(caller)).url).toBe(page.url);
  await expect(people.openPage({ kind: 'worker', subject: 'nobody' })).rejects.toMatchObject({
    code: 'worker_not_found',
  });

  const byBank = await seedWorker(t);
  await t.own.db
    .insertInto('payments.payout_destinations')
    .values({
      worker_id: byBank,
      method: 'bank',
      account_holder: 'W',
      iban: 'DE02120300000000202051',
      updated_at: t.clock.now(),
    })
    .execute();
  await people.openPage({ kind: 'worker', subject: subjectOf(byBank) });
  const destinations = await t.own.db
    .selectFrom('payments.payout_destinations')
    .select(['method', 'account_ref'])
    .orderBy('method')
    .execute();
  expect(destinations).toEqual([
    { method: 'bank', account_ref: expect.stringMatching(/^acct_/) },
    { method: 'provider', account_ref: expect.stringMatching(/^acct_/) },
  ]);
});

test('a worker whose account is with another provider gets one with this one', async () => {
  const t = await openChargesTest();
  const id = await seedWorker(t);
  await t.own.db
    .insertInto('payments.payout_destinations')
    .values({
      worker_id: id,
      method: 'provider',
      provider: 'another',
      account_ref: 'acct_of_another',
      updated_at: t.clock.now(),
    })
    .execute();
  await createPeople(t.asApi).openPage({ kind: 'worker', subject: subjectOf(id) });
  const destination = await t.own.db
    .selectFrom('payments.payout_destinations')
    .select(['provider', 'account_ref'])
    .executeTakeFirst();
  expect(destination).toEqual({
    provider: t.world.provider.name,
    account_ref: expect.stringMatching(/^acct_(?!of_another)/),
  });
});

test('people are found by their id, with names as long as they are known', async () => {
  const t = await openChargesTest();
  const { customerId } = await seedInvoice(t);
  const people = createPeople(t.deps);
  expect(await people.customer(customerId)).toEqual({ id: customerId, name: null });
  await t.main.db
    .insertInto('stream.personal')
    .values({
      subject_id: customerId,
      kind: 'customer',
      data: JSON.stringify({ name: 'Ada', email: null, subject: 's' }),
      updated_at: t.clock.now(),
    })
    .execute();
  expect(await people.customer(customerId)).toEqual({ id: customerId, name: 'Ada' });
  expect(await people.names([customerId, randomUUID(), 'no id'])).toEqual(
    new Map([[customerId, 'Ada']]),
  );
  await expect(people.worker(customerId)).rejects.toMatchObject({ code: 'worker_not_found' });
  await expect(people.customer('x')).rejects.toMatchObject({ code: 'customer_not_found' });
});

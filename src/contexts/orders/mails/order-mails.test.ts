import { describe, expect, it } from 'vitest';
import {
  type MailMessage,
  type MailTables,
  sendWaitingMails,
} from '../../../platform/mail/index.ts';
import { createRecordingTransport } from '../../../platform/mail/testing.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import { type ConsumerTables, createStream } from '../../../stream/index.ts';
import { orderConsumers } from '../create-orders.ts';
import { openTestOrders, PHOTO, type TestOrders } from '../testing.ts';
import { createOrderMailRenderer } from './render-order-mail.ts';

/** The worker's side: consumers and the mail job, with the rights of the worker role. */
function mailer(t: TestOrders) {
  const db = t.database.open('steward_worker') as unknown as Database<
    Parameters<typeof createOrderMailRenderer>[0]['db'] extends Database<infer T> ? T : never
  > &
    Database<MailTables & ConsumerTables>;
  const { clock, ids, log } = t.dependencies;
  const messages: MailMessage[] = [];
  const transport = createRecordingTransport(true, async (message) => {
    messages.push(message);
    return undefined;
  });
  const stream = createStream({
    log: db,
    books: db,
    consumers: orderConsumers({ ids }),
    clock,
    logger: log,
  });
  const render = createOrderMailRenderer({
    db,
    timeZone: 'Europe/Berlin',
    suppliesTo: 'supplies@example.org',
  });
  return {
    stream,
    async run() {
      await stream.consumeAll();
      await sendWaitingMails({ db, transport, clock, log, render, limit: 100 });
      return messages.splice(0);
    },
  };
}

describe('mails about orders (R-05, R-08, R-80)', () => {
  it('tells supplies what to collect, and customer and worker of each other', async () => {
    const t = await openTestOrders();
    await t.addWorker({ name: 'Wanda', email: 'wanda@example.org' });
    await t.place(await t.customer('anna'), t.hour(3), { description: 'ring twice' });
    const mails = await mailer(t).run();
    const byAddress = new Map(mails.map((mail) => [mail.to.email, mail]));
    expect([...byAddress.keys()].sort()).toEqual([
      'anna@example.org',
      'supplies@example.org',
      'wanda@example.org',
    ]);
    expect(byAddress.get('supplies@example.org')?.text).toContain('2 x Cloth pack');
    expect(byAddress.get('supplies@example.org')?.text).not.toContain('Main street');
    const toWorker = byAddress.get('wanda@example.org');
    expect(toWorker?.text).toContain('Main street 1, Oldtown');
    expect(toWorker?.text).toContain('ring twice');
    // 11:00 UTC is noon in the business time zone.
    expect(toWorker?.subject).toContain('2026-11-23 12:00 +01:00');
    expect(byAddress.get('anna@example.org')?.text).toContain('89.00 USD');
  });

  it('sends each once, also when the stream is read again', async () => {
    const t = await openTestOrders();
    await t.addWorker({ email: 'wanda@example.org' });
    await t.place(await t.customer(), t.hour(3));
    const { run, stream } = mailer(t);
    expect(await run()).toHaveLength(3);
    await stream.replay('orders.mail', { from: { time: new Date(0) }, by: 'test' });
    expect(await run()).toEqual([]);
  });

  it('offers the customer of a no-show another date', async () => {
    const t = await openTestOrders();
    await t.addWorker({ email: 'wanda@example.org' });
    await t.place(await t.customer(), t.hour(3));
    const { run } = mailer(t);
    await run();
    t.clock.moveTo(t.hour(5));
    await t.asWorker.orders.failNoShows();
    const mails = await run();
    expect(mails.map((mail) => mail.to.email).sort()).toEqual([
      'anna@example.org',
      'supplies@example.org',
      'wanda@example.org',
    ]);
    expect(mails.find((mail) => mail.to.email === 'anna@example.org')?.text).toContain(
      'nobody came',
    );
  });

  it('says why an order was cancelled, and that the supplies come back', async () => {
    const t = await openTestOrders();
    await t.addWorker({ name: 'Wanda', email: 'wanda@example.org' });
    const anna = await t.customer('anna');
    const { view } = await t.place(anna, t.hour(3));
    await t.supplies.issue({ kind: 'supplies', id: 'sue' }, view.order.id);
    const { run } = mailer(t);
    await run();
    await t.orders.cancel(anna, view.order.id, 'moved away');
    const mails = await run();
    const textTo = (address: string) => mails.find((mail) => mail.to.email === address)?.text;
    expect(textTo('wanda@example.org')).toContain('Reason: moved away');
    expect(textTo('supplies@example.org')).toContain('Wanda has the supplies and brings them back');
  });

  it('says nothing at check-in and completion', async () => {
    const t = await openTestOrders();
    const worker = await t.addWorker({ email: 'wanda@example.org' });
    const { view } = await t.place(await t.customer(), t.hour(3));
    const { run } = mailer(t);
    await run();
    const actor = { kind: 'worker', id: worker.id } as const;
    await t.supplies.issue({ kind: 'supplies', id: 'sue' }, view.order.id);
    await t.orders.checkIn(actor, view.order.id, PHOTO);
    await t.orders.complete(actor, view.order.id, PHOTO);
    expect(await run()).toEqual([]);
  });

  it('leaves out who has no address, and stops nothing for it', async () => {
    const t = await openTestOrders();
    await t.addWorker({ email: null });
    await t.place(await t.customer(), t.hour(3));
    const mails = await mailer(t).run();
    expect(mails).toHaveLength(2);
  });
});

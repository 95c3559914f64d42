import type { Ids } from '../../../platform/ids.ts';
import { enqueueMails, type MailTables, type NewMail } from '../../../platform/mail/index.ts';
import { defineConsumer, type OrderEvent, type OrderEventType } from '../../../stream/index.ts';
import type { OrdersTables } from '../tables.ts';

/** Whom a mail about an order goes to. */
export type MailRecipient = 'customer' | 'worker' | 'supplies';

/** What each event tells whom; the name of a mail is template and recipient. */
export function mailsFor(type: OrderEventType): MailRecipient[] {
  switch (type) {
    case 'order.assigned':
    case 'order.cancelled':
    case 'order.failed':
      return ['customer', 'worker', 'supplies'];
    case 'order.supplied':
    case 'order.started':
    case 'order.completed':
    case 'order.rated':
      return [];
  }
}

/**
 * Puts the mails of each event into the outbox, in the transaction that moves the cursor: once per
 * event, and only for events that are committed.
 */
export function createMailConsumer(ids: Ids) {
  return defineConsumer<OrdersTables & MailTables>({
    name: 'orders.mail',
    replay: 'repeat',
    async apply(tx, events) {
      await enqueueMails(
        tx,
        events.flatMap((event) => mailsFor(event.type).map((to) => newMail(ids, event, to))),
      );
    },
  });
}

function newMail(ids: Ids, event: OrderEvent, to: MailRecipient): NewMail {
  const { customer, worker } = event.snapshot;
  return {
    id: ids.next(),
    eventKey: `${event.eventId}/${to}`,
    recipientKind: to,
    recipientId: to === 'supplies' ? null : to === 'customer' ? customer.id : worker.id,
    template: event.type,
    data: { orderId: event.orderId, version: event.version },
    createdAt: event.occurredAt,
  };
}

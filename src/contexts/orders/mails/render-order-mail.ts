import { formatMoment } from '../../../platform/business-time.ts';
import type { RenderMail } from '../../../platform/mail/index.ts';
import { formatMoney, fromJson } from '../../../platform/money.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import type { ExtendedOrder } from '../../../stream/index.ts';
import type { Place } from '../orders.ts';
import type { OrdersTables } from '../tables.ts';
import type { MailRecipient } from './order-mails-consumer.ts';

interface Letter {
  order: ExtendedOrder;
  place: Place | null;
  description: string | null;
  endReason: string | null;
  customerName: string;
  workerName: string;
  timeZone: string;
}

type Text = { subject: string; lines: (string | null)[] };

/**
 * Writes the mails about orders. Facts come from the event that the mail tells of, names and
 * addresses from the database at the moment of sending.
 */
export function createOrderMailRenderer(deps: {
  db: Database<OrdersTables>;
  timeZone: string;
  suppliesTo: string;
}): RenderMail {
  return async (mail) => {
    const orderId = String(mail.data.orderId);
    const row = await deps.db
      .selectFrom('stream.order_events as e')
      .innerJoin('orders.orders as o', 'o.id', 'e.order_id')
      .innerJoin('orders.customers as c', 'c.id', 'o.customer_id')
      .innerJoin('orders.workers as w', 'w.id', 'o.worker_id')
      .select([
        'e.snapshot',
        'o.place',
        'o.description',
        'o.end_reason as endReason',
        'c.name as customerName',
        'c.email as customerEmail',
        'w.name as workerName',
        'w.email as workerEmail',
      ])
      .where('e.order_id', '=', orderId)
      .where('e.version', '=', Number(mail.data.version))
      .executeTakeFirst();
    if (!row) return { skip: 'the order is not there any more' };
    const to = mail.recipientKind as MailRecipient;
    const recipient = {
      customer: { email: row.customerEmail, name: row.customerName },
      worker: { email: row.workerEmail, name: row.workerName },
      supplies: { email: deps.suppliesTo, name: 'Supplies' },
    }[to];
    if (!recipient.email) return { skip: `the ${to} has no mail address` };
    const text = write(to, {
      order: row.snapshot,
      place: row.place,
      description: row.description,
      endReason: row.endReason,
      customerName: row.customerName,
      workerName: row.workerName,
      timeZone: deps.timeZone,
    });
    return {
      to: { email: recipient.email, name: recipient.name },
      subject: text.subject,
      text: `${text.lines.filter((line) => line !== null).join('\n')}\n`,
    };
  };
}

function write(to: MailRecipient, letter: Letter): Text {
  switch (letter.order.status) {
    case 'cancelled':
      return cancelled(to, letter);
    case 'failed':
      return failed(to, letter);
    default:
      return assigned(to, letter);
  }
}

function assigned(to: MailRecipient, letter: Letter): Text {
  const { order } = letter;
  if (to === 'supplies') {
    return {
      subject: `Pick list: ${order.service.name} for ${letter.workerName}, ${when(letter)}`,
      lines: [
        `Please put together for ${letter.workerName}, needed ${when(letter)}:`,
        '',
        ...order.service.supplies.map(({ item, quantity }) => `  [ ] ${quantity} x ${item}`),
        '  [ ] 1 x fortune cookie (do not wait for it)',
        '',
        `Order ${order.id}. When handed over: steward supplies issue ${order.id}`,
      ],
    };
  }
  const again = order.copyOf ? ' again' : '';
  if (to === 'worker') {
    return {
      subject: `New order: ${order.service.name}, ${when(letter)}`,
      lines: [
        `Hello ${letter.workerName},`,
        '',
        `you have a new order: ${order.service.name}.`,
        ...details(letter),
        `Customer: ${letter.customerName}`,
        '',
        'Collect your supplies first, then check in with a photo when you are there.',
      ],
    };
  }
  return {
    subject: `Your order: ${order.service.name}, ${when(letter)}`,
    lines: [
      `Hello ${letter.customerName},`,
      '',
      `your order is booked${again}: ${order.service.name}.`,
      ...details(letter),
      `Who comes: ${letter.workerName}`,
      `Price: ${formatMoney(fromJson(order.price))}`,
    ],
  };
}

/** What an order that ended early means for the supplies. */
function suppliesBack(what: 'cancelled' | 'failed', letter: Letter): Text {
  const { order } = letter;
  return {
    subject: `${what === 'cancelled' ? 'Cancelled' : 'Failed'}: ${order.service.name}, ${when(letter)}`,
    lines: [
      order.supplies.status === 'issued'
        ? `The order is ${what}; ${letter.workerName} has the supplies and brings them back.`
        : `The order is ${what}: nothing needs to be put together.`,
      '',
      `Order ${order.id}.`,
    ],
  };
}

function cancelled(to: MailRecipient, letter: Letter): Text {
  const { order } = letter;
  if (to === 'supplies') return suppliesBack('cancelled', letter);
  const subject = `Cancelled: ${order.service.name}, ${when(letter)}`;
  const name = to === 'customer' ? letter.customerName : letter.workerName;
  return {
    subject,
    lines: [
      `Hello ${name},`,
      '',
      'this order was cancelled.',
      letter.endReason && `Reason: ${letter.endReason}`,
      ...details(letter),
    ],
  };
}

function failed(to: MailRecipient, letter: Letter): Text {
  const { order } = letter;
  if (to === 'supplies') return suppliesBack('failed', letter);
  const noShow = order.endKind === 'no-show';
  if (to === 'worker') {
    return {
      subject: `Failed: ${order.service.name}, ${when(letter)}`,
      lines: [
        `Hello ${letter.workerName},`,
        '',
        noShow
          ? 'nobody checked in to this order in time, so it failed.'
          : 'this order is booked as failed, as you reported.',
        ...details(letter),
      ],
    };
  }
  return {
    subject: `We are sorry: ${order.service.name}, ${when(letter)}`,
    lines: [
      `Hello ${letter.customerName},`,
      '',
      noShow
        ? 'nobody came to carry out your order, and we are sorry.'
        : 'your order could not be carried out, and we are sorry.',
      ...details(letter),
      '',
      'You can book the same again at another time: choose a date, and we match and price it anew.',
    ],
  };
}

function details(letter: Letter): (string | null)[] {
  const { place } = letter;
  return [
    `When: ${when(letter)}`,
    place && `Where: ${[place.address, place.city, place.notes].filter(Boolean).join(', ')}`,
    letter.description && `Wish: ${letter.description}`,
    `Order: ${letter.order.id}`,
  ];
}

function when(letter: Letter): string {
  return formatMoment(new Date(letter.order.scheduledAt), letter.timeZone);
}

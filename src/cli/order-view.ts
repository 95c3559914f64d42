import type { OrderStatus, OrderView } from '../contexts/orders/index.ts';
import { formatMoney, fromJson } from '../platform/money.ts';
import type { Column } from './table.ts';

/** For flags: importing the context would load it for `--help`. */
export const ORDER_STATUSES = [
  'assigned',
  'supplied',
  'started',
  'completed',
  'cancelled',
  'failed',
] as const satisfies readonly OrderStatus[];

type FormatTime = (iso: string | Date) => string;

/** The columns of a list of orders. */
export function orderColumns(time: FormatTime): Column<OrderView>[] {
  return [
    { header: 'order', value: ({ order }) => order.id },
    { header: 'status', value: ({ order }) => order.status },
    { header: 'scheduled', value: ({ order }) => time(order.scheduledAt) },
    { header: 'price', value: ({ order }) => priceText(order.price), align: 'right' },
    { header: 'service', value: ({ order }) => order.service.code },
    { header: 'worker', value: ({ worker }) => worker.name },
    { header: 'customer', value: ({ customer }) => customer.name },
    { header: 'city', value: ({ order }) => order.city },
  ];
}

/** `120.00 USD`. */
export function priceText(price: OrderView['order']['price']): string {
  return formatMoney(fromJson({ amount: price.amount, currency: price.currency }));
}

/** One order in full, as name and value. */
export function orderFields(view: OrderView, time: FormatTime) {
  const { order } = view;
  const moment = (iso: string | null) => (iso === null ? null : time(iso));
  const items = order.supplies.items.map(({ item, quantity }) => `${quantity} × ${item}`);
  const lines = order.price.lines.map(
    (line) => `${line.label} ${priceText({ ...order.price, amount: line.amount })}`,
  );
  return [
    ['order', order.id],
    ['status', order.endKind ? `${order.status} (${order.endKind})` : order.status],
    ['reason', view.endReason],
    ['service', `${order.service.name} (${order.service.code})`],
    ['scheduled', `${time(order.scheduledAt)} for ${order.service.durationMinutes} min`],
    ['place', view.place ? placeText(view.place) : `${order.city} (address erased)`],
    ['description', view.description],
    ['customer', `${view.customer.name} (${view.customer.id})`],
    ['worker', `${view.worker.name} (${view.worker.id})`],
    ['price', `${priceText(order.price)}${lines.length > 1 ? `: ${lines.join(', ')}` : ''}`],
    ['supplies', `${order.supplies.status}${items.length > 0 ? `: ${items.join(', ')}` : ''}`],
    ['placed', time(order.createdAt)],
    ['supplied', moment(order.suppliedAt)],
    ['started', moment(order.startedAt)],
    ['ended', moment(order.endedAt)],
    ['stars', order.stars],
    ['comment', view.comment],
    ['copy of', order.copyOf],
  ] as const;
}

function placeText(place: NonNullable<OrderView['place']>): string {
  return [`${place.address}, ${place.city}`, place.notes].filter(Boolean).join(' – ');
}

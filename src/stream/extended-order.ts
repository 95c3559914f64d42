import { z } from 'zod';

const moment = z.iso.datetime({ offset: true });
const supplyItem = z.object({ item: z.string(), quantity: z.number().int() });

/** Who did it. People by id; a manager by the name of the database role. */
export const actorSchema = z.object({
  kind: z.enum(['customer', 'worker', 'supplies', 'manager', 'system']),
  id: z.string(),
});
export type Actor = z.infer<typeof actorSchema>;

/**
 * The extended order: what every event of the stream carries. Times are ISO 8601 in UTC, money is
 * in minor units, people stand by id only; what identifies them is in {@link PersonalData}.
 */
export const extendedOrderSchema = z.object({
  id: z.uuid(),
  version: z.number().int(),
  status: z.enum(['assigned', 'supplied', 'started', 'completed', 'cancelled', 'failed']),
  copyOf: z.uuid().nullable(),
  customer: z.object({ id: z.uuid() }),
  worker: z.object({ id: z.uuid() }),
  service: z.object({
    id: z.uuid(),
    code: z.string(),
    name: z.string(),
    category: z.string(),
    priceMinor: z.number().int().nullable(),
    durationMinutes: z.number().int(),
    skills: z.array(z.string()),
    supplies: z.array(supplyItem),
  }),
  city: z.string(),
  scheduledAt: moment,
  endsAt: moment,
  createdAt: moment,
  price: z.object({
    amount: z.number().int(),
    currency: z.string(),
    lines: z.array(z.object({ label: z.string(), amount: z.number().int() })),
  }),
  supplies: z.object({
    status: z.enum(['requested', 'issued', 'withdrawn']),
    items: z.array(supplyItem),
    issuedAt: moment.nullable(),
  }),
  suppliedAt: moment.nullable(),
  startedAt: moment.nullable(),
  endedAt: moment.nullable(),
  endKind: z
    .enum(['completed', 'customer-cancelled', 'manager-cancelled', 'worker-failed', 'no-show'])
    .nullable(),
  /** Keys in the photo store. */
  photos: z.object({ checkIn: z.string().nullable(), report: z.string().nullable() }),
  stars: z.number().int().nullable(),
  ratedAt: moment.nullable(),
  /** Who caused this version. */
  actor: actorSchema,
});
export type ExtendedOrder = z.infer<typeof extendedOrderSchema>;

/** What happened to an order, in the words of the timeline. */
export const EVENT_TYPES = [
  'order.assigned',
  'order.supplied',
  'order.started',
  'order.completed',
  'order.cancelled',
  'order.failed',
  'order.rated',
] as const;
export type OrderEventType = (typeof EVENT_TYPES)[number];

/** A place in the stream. `xid` is a decimal text: 64 bits, unsigned. */
export interface Cursor {
  xid: string;
  position: bigint;
}

/** One event as a consumer gets it. */
export interface OrderEvent extends Cursor {
  eventId: string;
  orderId: string;
  version: number;
  type: OrderEventType;
  occurredAt: Date;
  snapshot: ExtendedOrder;
}

/**
 * What identifies people and places, kept beside the log so that it can be erased. `subject` is the
 * "sub" of the person's token: a part that reads nothing but the stream knows by it who is asking.
 * A worker's may change.
 */
export interface PersonalData {
  customer: { name: string; email: string | null; subject: string };
  worker: { name: string; email: string | null; phone: string | null; subject: string };
  order: {
    place: { city: string; address: string; notes?: string };
    description?: string;
    comment?: string;
    endReason?: string;
  };
}

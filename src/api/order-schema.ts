import { z } from 'zod';
import { ORDER_STATUSES } from '../contexts/orders/index.ts';
import { NEXT_STEPS } from './allowed-steps.ts';

const instant = () => z.iso.datetime();

export const moneySchema = z
  .object({
    amount: z.int().describe('In minor units: 8900 are 89.00'),
    currency: z.string().describe('ISO 4217'),
  })
  .meta({ id: 'Money', examples: [{ amount: 8900, currency: 'USD' }] });

const priceLines = z
  .array(z.object({ label: z.string(), amount: z.int() }))
  .describe('How the price came about; the amounts add up to it');

const supplyItem = z.object({ item: z.string(), quantity: z.int() });

export const placeSchema = z.object({
  city: z.string(),
  address: z.string(),
  notes: z.string().optional(),
});

const serviceRef = z.object({ id: z.uuid(), code: z.string(), name: z.string() });
const person = z.object({ id: z.uuid(), name: z.string() });
const allowed = z.array(z.enum(NEXT_STEPS)).describe('What you can do with the order now');

const EXAMPLE = {
  id: '019abc00-0000-7000-8000-000000000001',
  status: 'completed' as const,
  service: {
    id: '019abc00-0000-7000-8000-000000000002',
    code: 'CLEAN-STD',
    name: 'Standard home cleaning',
  },
  description: 'Two rooms and the kitchen',
  place: { city: 'Springfield', address: '12 Elm Street', notes: 'Ring twice' },
  scheduledAt: '2026-11-24T09:00:00.000Z',
  endsAt: '2026-11-24T11:00:00.000Z',
  worker: { id: '019abc00-0000-7000-8000-000000000003', name: 'Ann Lee', rating: 4.71 },
  price: { amount: 8900, currency: 'USD' },
  priceLines: [{ label: 'Cleaning', amount: 8900 }],
  copyOf: null,
  supplies: {
    status: 'issued' as const,
    items: [{ item: 'Cloth pack', quantity: 2 }],
    issuedAt: '2026-11-24T07:30:00.000Z',
  },
  createdAt: '2026-11-23T10:00:00.000Z',
  suppliedAt: '2026-11-24T07:30:00.000Z',
  startedAt: '2026-11-24T09:02:00.000Z',
  endedAt: '2026-11-24T10:55:00.000Z',
  endKind: 'completed' as const,
  endReason: null,
  rating: { stars: 5, comment: 'Spotless', ratedAt: '2026-11-24T12:00:00.000Z' },
  allowed: [],
};

/** An order as its customer sees it. */
export const orderSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(ORDER_STATUSES),
    service: serviceRef,
    description: z.string().nullable(),
    place: placeSchema.nullable().describe('Null once erased'),
    scheduledAt: instant(),
    endsAt: instant().describe('When the work is expected to be done'),
    worker: person.extend({
      rating: z.number().nullable().describe('Mean of the stars; null while nobody has rated'),
    }),
    price: moneySchema,
    priceLines,
    copyOf: z.uuid().nullable().describe('The failed order that this one is a copy of'),
    supplies: z.object({
      status: z.enum(['requested', 'issued', 'withdrawn']),
      items: z.array(supplyItem),
      issuedAt: instant().nullable(),
    }),
    createdAt: instant(),
    suppliedAt: instant().nullable(),
    startedAt: instant().nullable(),
    endedAt: instant().nullable(),
    endKind: z
      .enum(['completed', 'customer-cancelled', 'manager-cancelled', 'worker-failed', 'no-show'])
      .nullable(),
    endReason: z.string().nullable(),
    rating: z
      .object({ stars: z.int(), comment: z.string().nullable(), ratedAt: instant() })
      .nullable(),
    allowed,
  })
  .meta({ id: 'Order', description: 'An order as its customer sees it.', examples: [EXAMPLE] });
export type OrderBody = z.infer<typeof orderSchema>;

/** An order as its worker sees it. */
export const workerOrderSchema = z.object({ ...orderSchema.shape, customer: person }).meta({
  id: 'WorkerOrder',
  description: 'An order as its worker sees it.',
  examples: [
    { ...EXAMPLE, customer: { id: '019abc00-0000-7000-8000-000000000004', name: 'Bo Berg' } },
  ],
});
export type WorkerOrderBody = z.infer<typeof workerOrderSchema>;

/** An order as the supplies department sees it: nothing about the customer. */
export const suppliedOrderSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(ORDER_STATUSES),
    service: serviceRef,
    scheduledAt: instant(),
    worker: person,
    supplies: orderSchema.shape.supplies,
    allowed,
  })
  .meta({ id: 'SuppliedOrder', description: 'An order as the supplies department sees it.' });
export type SuppliedOrderBody = z.infer<typeof suppliedOrderSchema>;

/** What the supplies department puts together for one order. */
export const pickListSchema = z
  .object({
    orderId: z.uuid(),
    status: z.enum(['requested', 'issued', 'withdrawn']),
    items: z.array(supplyItem),
    neededAt: instant(),
    requestedAt: instant(),
    issuedAt: instant().nullable(),
    issuedBy: z.string().nullable(),
    service: z.object({ code: z.string(), name: z.string() }),
    worker: person,
    cookie: z
      .enum(['waiting', 'ordered', 'late', 'delivered', 'given-up', 'none'])
      .describe('Never blocks issuing'),
  })
  .meta({ id: 'PickList', description: 'What to put together for one order.' });
export type PickListBody = z.infer<typeof pickListSchema>;

export const timelineSchema = z
  .object({
    data: z.array(
      z.object({
        at: instant(),
        type: z.enum([
          'order.assigned',
          'order.supplied',
          'order.started',
          'order.completed',
          'order.cancelled',
          'order.failed',
          'order.rated',
        ]),
        status: z.enum(ORDER_STATUSES),
        by: z.enum(['customer', 'worker', 'supplies', 'manager', 'system']),
        endKind: orderSchema.shape.endKind,
      }),
    ),
  })
  .meta({ id: 'Timeline', description: 'What happened to an order, oldest first.' });

export const serviceSchema = z
  .object({
    id: z.uuid(),
    code: z.string(),
    name: z.string(),
    category: z.string(),
    price: moneySchema.nullable().describe('Null: ask for a quote'),
    durationMinutes: z.int(),
  })
  .meta({ id: 'Service', description: 'What can be ordered.' });

export const quoteSchema = z.object({ service: serviceRef, price: moneySchema, priceLines }).meta({
  id: 'Quote',
  description: 'An approximate price: the worker is not known yet.',
  examples: [{ service: EXAMPLE.service, price: EXAMPLE.price, priceLines: EXAMPLE.priceLines }],
});

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('Null on the last page'),
  });
}

import { randomUUID } from 'node:crypto';
import type { Database } from '../../../platform/postgres/database.ts';
import {
  createStream,
  type ExtendedOrder,
  type OrderStream,
  type StreamTables,
} from '../../../stream/index.ts';
import type { NewEvent } from '../../../stream/testing.ts';
import {
  buildCustomer,
  buildOrder,
  buildWorker,
  writeEvents,
  writePersonal,
} from '../../../stream/testing.ts';
import type { openTestPayments } from '../testing.ts';
import type { OrderOutcome } from './book-order.ts';
import { BOOK_ORDERS, bookOrdersConsumer } from './book-orders-consumer.ts';

type TestPayments = Awaited<ReturnType<typeof openTestPayments>>;

/** An order as it ended; what is left out is made up. */
export interface EndedOrderSpec {
  orderId?: string;
  customerId?: string;
  workerId?: string;
  /** Default 12,000. */
  priceMinor?: number;
  /** Default `completed`. */
  outcome?: OrderOutcome;
  endKind?: ExtendedOrder['endKind'];
  /** Default: now, on the test's clock. */
  endedAt?: Date;
  serviceCode?: string;
  serviceName?: string;
  currency?: string;
}

export interface EndedOrderIds {
  orderId: string;
  customerId: string;
  workerId: string;
}

const END_KINDS = {
  completed: 'completed',
  cancelled: 'customer-cancelled',
  failed: 'worker-failed',
} as const satisfies Record<OrderOutcome, ExtendedOrder['endKind']>;

/** The subject of the token that a customer or worker of {@link endOrders} has. */
export const testSubject = (id: string) => `token|${id}`;

/** The events of a whole life: assigned, then what happened, a minute apart, up to the end. */
export function buildEndedOrder(spec: EndedOrderSpec & { endedAt: Date }): NewEvent[] {
  const { outcome = 'completed', endedAt } = spec;
  const customerId = spec.customerId ?? randomUUID();
  const plain = buildOrder();
  const amount = spec.priceMinor ?? 12_000;
  const order = buildOrder({
    id: spec.orderId ?? randomUUID(),
    customer: { id: customerId },
    worker: { id: spec.workerId ?? randomUUID() },
    service: {
      ...plain.service,
      code: spec.serviceCode ?? plain.service.code,
      name: spec.serviceName ?? plain.service.name,
      priceMinor: amount,
    },
    price: {
      amount,
      currency: spec.currency ?? 'USD',
      lines: [{ label: spec.serviceName ?? plain.service.name, amount }],
    },
    createdAt: new Date(endedAt.getTime() - 180 * 60_000).toISOString(),
  });
  const types =
    outcome === 'completed'
      ? (['order.assigned', 'order.supplied', 'order.started', 'order.completed'] as const)
      : (['order.assigned', outcome === 'failed' ? 'order.failed' : 'order.cancelled'] as const);
  return types.map((type, index) => {
    const isEnd = index === types.length - 1;
    const occurredAt = new Date(endedAt.getTime() - (types.length - 1 - index) * 60_000);
    const end = {
      status: outcome,
      endedAt: endedAt.toISOString(),
      endKind: spec.endKind ?? END_KINDS[outcome],
    };
    const snapshot = { ...order, version: index + 1, ...(isEnd ? end : {}) };
    return { eventId: randomUUID(), type, occurredAt, snapshot };
  });
}

/** The order stream with the consumer of payments, as payments' worker has it. */
export function createBookingStream(
  test: Pick<TestPayments, 'deps' | 'main'>,
  consumer = bookOrdersConsumer(test.deps),
): OrderStream {
  return createStream({
    // As the stream reader, who may do nothing else there.
    log: test.deps.stream as Database<StreamTables>,
    books: test.deps.db,
    consumers: [consumer],
    clock: test.deps.clock,
    logger: test.deps.log,
  });
}

/** Writes whole lives of orders, and who the people are, into the stream; nothing reads them yet. */
export async function writeEndedOrders(
  test: Pick<TestPayments, 'deps' | 'main'>,
  specs: readonly EndedOrderSpec[],
): Promise<EndedOrderIds[]> {
  const lives = specs.map((spec) =>
    buildEndedOrder({ ...spec, endedAt: spec.endedAt ?? test.deps.clock.now() }),
  );
  const orders = lives.flatMap((life) => life.slice(0, 1).map((event) => event.snapshot));
  for (const id of new Set(orders.map((order) => order.customer.id))) {
    const subject = testSubject(id);
    await writePersonal(test.main.db, 'customer', id, buildCustomer({ subject }));
  }
  for (const id of new Set(orders.map((order) => order.worker.id))) {
    await writePersonal(test.main.db, 'worker', id, buildWorker({ subject: testSubject(id) }));
  }
  await writeEvents(test.main.db, lives.flat());
  return orders.map((order) => ({
    orderId: order.id,
    customerId: order.customer.id,
    workerId: order.worker.id,
  }));
}

/** Feeds payments' consumer until it has read everything. */
export async function consumeOrders(test: Pick<TestPayments, 'deps' | 'main'>): Promise<void> {
  const stream = createBookingStream(test);
  for (;;) {
    const report = await stream.consume(BOOK_ORDERS);
    if (report.outcome === 'done' && report.heldBack === 0) return;
  }
}

/**
 * Lets these orders end: writes their whole lives into the stream and lets the consumer book them,
 * in the order given. Nobody else gets in between, so a test knows what is booked.
 * @returns the ids, in the order given
 */
export async function endOrders(
  test: Pick<TestPayments, 'deps' | 'main'>,
  specs: readonly EndedOrderSpec[],
): Promise<EndedOrderIds[]> {
  const ids = await writeEndedOrders(test, specs);
  await consumeOrders(test);
  return ids;
}

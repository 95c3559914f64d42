import { sql } from 'kysely';
import type { Executor } from '../../platform/postgres/database.ts';
import type { ExtendedOrder } from '../../stream/index.ts';
import type { OrderView, Place } from './orders.ts';
import type { OrdersTables } from './tables.ts';

type Read = Executor<OrdersTables>;

/** What `orders.people` returns beside a snapshot. */
export interface People {
  customerName: string;
  workerName: string;
  starsSum: number;
  starsCount: number;
  place: Place | null;
  description: string | null;
  comment: string | null;
  endReason: string | null;
}

/** The view that callers get, from a snapshot and what stands beside it. */
export function toView(snapshot: Omit<ExtendedOrder, 'actor'>, people: People): OrderView {
  return {
    order: snapshot,
    place: people.place,
    description: people.description,
    // Said after the moment that the snapshot shows, it is no part of that answer.
    comment: snapshot.ratedAt === null ? null : people.comment,
    endReason: snapshot.endedAt === null ? null : people.endReason,
    customer: { id: snapshot.customer.id, name: people.customerName },
    worker: {
      id: snapshot.worker.id,
      name: people.workerName,
      rating: meanStars(people.starsSum, people.starsCount),
    },
  };
}

/** Mean of the stars with two digits, half up; null without any. */
export function meanStars(sum: number, count: number): number | null {
  return count === 0 ? null : Math.round((sum * 100) / count) / 100;
}

/** Who the ids of an order are, and what was said of it. */
export async function fetchPeople(db: Read, orderId: string): Promise<People> {
  const { rows } = await sql<{ people: People }>`
    select orders.people(${orderId}) as people`.execute(db);
  const people = rows[0]?.people;
  if (!people) throw new Error('orders.people returned no row');
  return people;
}

/** Base of all reading: one row per order, ready for {@link toView}. */
export function selectViews(db: Read) {
  return db
    .selectFrom('orders.orders as o')
    .innerJoin('orders.supplies as s', 's.order_id', 'o.id')
    .select([
      'o.id',
      sql<Omit<ExtendedOrder, 'actor'>>`orders.snapshot(o, s)`.as('snapshot'),
      sql<People>`orders.people(o.id)`.as('people'),
    ]);
}

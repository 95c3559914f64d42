import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { ExtendedOrder, OrderEventType, PersonalData } from './extended-order.ts';

interface OrderEventsTable {
  position: ColumnType<bigint, never, never>;
  /** An xid8, as decimal text. Only {@link readEvents} and the like compare it rightly. */
  xid: ColumnType<string, never, never>;
  event_id: ColumnType<string, string, never>;
  order_id: ColumnType<string, string, never>;
  version: ColumnType<number, number, never>;
  type: ColumnType<OrderEventType, OrderEventType, never>;
  occurred_at: ColumnType<Date, Date, never>;
  snapshot: ColumnType<ExtendedOrder, string, never>;
}

interface EpochsTable {
  number: number;
  xid_base: bigint;
  system_identifier: bigint;
  xid: Generated<string>;
  began_at: Generated<Date>;
}

interface PersonalTable {
  subject_id: string;
  kind: keyof PersonalData;
  /** `{}` once erased. */
  data: JSONColumnType<PersonalData[keyof PersonalData] | Record<string, never>>;
  erased_at: Date | null;
  updated_at: Date;
}

/** The log and what stands beside it: in the main database, or read-only on a replica of it. */
export interface StreamTables {
  'stream.order_events': OrderEventsTable;
  'stream.epochs': EpochsTable;
  'stream.personal': PersonalTable;
}

interface CursorsTable {
  consumer: string;
  xid: Generated<string>;
  position: Generated<bigint>;
  /** The event at that place; null at the very start. */
  event_id: string | null;
  /** When that event happened, in the words of the log. */
  last_event_at: Date | null;
  updated_at: Date;
  /** A replay asked for by somebody without the rights to do it: the worker does it. */
  replay_xid: string | null;
  replay_position: bigint | null;
  replay_requested_at: Date | null;
  replay_requested_by: string | null;
}

interface ParkedOrdersTable {
  consumer: string;
  order_id: string;
  /** The event that could not be applied: the first of those that wait. */
  event_id: string;
  error: string;
  attempts: number;
  parked_at: Date;
  tried_at: Date;
  /** A retry asked for by somebody without the rights to do it: the worker does it. */
  retry_requested_at: Date | null;
  retry_requested_by: string | null;
}

interface ParkedEventsTable {
  consumer: string;
  order_id: string;
  version: number;
  xid: string;
  position: bigint;
  event_id: string;
}

interface SkippedEventsTable {
  consumer: string;
  event_id: string;
  order_id: string;
  reason: string;
  skipped_by: string;
  skipped_at: Date;
}

/** The consumers' books, in each consumer's own database. */
export interface ConsumerTables {
  'stream_consumers.cursors': CursorsTable;
  'stream_consumers.parked_orders': ParkedOrdersTable;
  'stream_consumers.parked_events': ParkedEventsTable;
  'stream_consumers.skipped_events': SkippedEventsTable;
}

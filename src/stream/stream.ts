import type { Transaction } from '../platform/postgres/database.ts';
import type { Cursor, OrderEvent } from './extended-order.ts';
import type { Person } from './personal.ts';
import type { ConsumerTables } from './tables.ts';

/** What a consumer is given besides the events. */
export interface ApplyContext {
  consumer: string;
  now: Date;
  /** Who the ids of a snapshot are, as of now; see {@link readPersonal}. */
  readPersonal(subjectIds: readonly string[]): Promise<Map<string, Person>>;
}

/**
 * A reader of the order stream. Its effects are rows in its own database, written in `tx` and
 * nowhere else: no network call, no queue, no file. `Tables` are those that it writes.
 */
export type ConsumerDefinition<Tables> = {
  /** `context.what`, e.g. `orders.mail`; the key of its books, so it never changes. */
  name: string;
  /** Events of one transaction at most; 500 without it. */
  batchSize?: number;
  /**
   * Brings the effects of these events about. Events of one order come in the order of their
   * versions, and each event once; how they are cut into batches must make no difference.
   * Whatever it throws parks the order, unless the error says that the database is the cause.
   */
  apply(
    tx: Transaction<Tables>,
    events: readonly OrderEvent[],
    context: ApplyContext,
  ): Promise<void>;
} & (
  | {
      /** Its tables hold nothing but what the stream says: a replay empties them and reads all. */
      replay: 'reset';
      /** Empties the consumer's own tables. */
      reset(tx: Transaction<Tables>): Promise<void>;
    }
  | {
      /**
       * What it did cannot be undone (a mail, a posting). Each effect meets a unique constraint
       * on the event or what it is about, so reading an event again does nothing more.
       */
      replay: 'repeat';
    }
);

/** A consumer as the stream knows it: of its tables nothing but the books. */
export type Consumer = ConsumerDefinition<ConsumerTables>;

export interface ConsumeReport {
  consumer: string;
  /**
   * `done`: nothing is left to read; `busy`: another process is feeding this consumer;
   * `stopped`: the signal came, more is left.
   */
  outcome: 'done' | 'busy' | 'stopped';
  /** Events that took effect in this run. */
  applied: number;
  /** Orders parked in this run. */
  parked: number;
  /**
   * Committed events that cannot be read yet because of a transaction that is still open
   * somewhere, counted up to 1,000.
   */
  heldBack: number;
}

/** What {@link OrderStream.consumeAll} says of a consumer that threw. */
export interface FailedReport {
  consumer: string;
  outcome: 'failed';
  error: unknown;
}

export interface ConsumerStatus {
  consumer: string;
  cursor: Cursor;
  /** When the last event that it read happened. */
  lastEventAt: Date | null;
  /** Unread events, counted up to 1,000,000. */
  eventsBehind: number;
  /** How long ago the oldest unread event happened; 0 when all is read. */
  secondsBehind: number;
  parkedOrders: number;
  waitingEvents: number;
  skippedEvents: number;
  /** A replay that the worker will carry out. */
  replayRequestedAt: Date | null;
}

/** Why the newest events cannot be read yet. */
export interface HeldBack {
  /** Events that wait, counted up to 1,000. */
  events: number;
  /** The oldest transaction that is still open; nulls where the server does not tell. */
  since: Date | null;
  pid: number | null;
  application: string | null;
}

export interface StreamStatus {
  /** `restored`: transaction ids started anew; nothing is read until `steward db migrate` ran. */
  log: 'ready' | 'restored';
  consumers: ConsumerStatus[];
  heldBack: HeldBack | null;
}

export interface ParkedOrder {
  consumer: string;
  orderId: string;
  /** The event that could not be applied. */
  eventId: string;
  error: string;
  attempts: number;
  /** Events of the order that wait, the failing one included. */
  waitingEvents: number;
  parkedAt: Date;
  triedAt: Date;
  retryRequestedAt: Date | null;
}

export interface MendReport {
  /**
   * `mended`: the order is parked no more; `parked`: an event failed (again);
   * `requested`: you may not write the consumer's tables, so the worker does it at its next run.
   */
  outcome: 'mended' | 'parked' | 'requested';
  /** Events that took effect just now. */
  applied: number;
  /** Of the event that failed just now. */
  error: string | null;
}

/** Where a replay begins: at the event with this position, or at the first since this time. */
export type ReplayFrom = { position: bigint } | { time: Date };

export interface ReplayReport {
  /** `planned`: only looked; `done`; `requested`: the worker does it at its next run. */
  outcome: 'planned' | 'done' | 'requested';
  /** Events that the consumer reads again. */
  events: number;
  /** The cursor, as it is put: reading begins right behind it. */
  cursor: Cursor;
}

/**
 * The order stream with the consumers whose books are in one database. Every method throws
 * `database_unavailable` (kind `unavailable`) when a database is away, and those that take a
 * consumer's name `consumer_not_found`.
 */
export interface OrderStream {
  readonly consumerNames: readonly string[];

  /**
   * Feeds a consumer until nothing is left: batches, each with its effects in one transaction.
   * An order whose event fails is parked; a fault of the database parks nothing and is thrown.
   * @param options.signal stops between two batches
   * @throws StewardError `stream_restored`: the log came from another cluster and is not mended;
   *   `stream_rewound`: the log has lost events that the consumer has read
   */
  consume(consumer: string, options?: { signal?: AbortSignal }): Promise<ConsumeReport>;

  /** Feeds all consumers, one after another; one that throws does not keep the others. */
  consumeAll(options?: { signal?: AbortSignal }): Promise<(ConsumeReport | FailedReport)[]>;

  /** Where each consumer stands; changes nothing. */
  status(): Promise<StreamStatus>;

  /**
   * Parked orders by consumer and order.
   * @param page.consumer only of this one
   * @throws StewardError `invalid_input` for a cursor that is none
   */
  parked(page: {
    consumer?: string;
    limit: number;
    cursor?: string;
  }): Promise<{ data: ParkedOrder[]; nextCursor: string | null }>;

  /**
   * Applies what waits of a parked order, in order.
   * @param by who asks, for the books
   * @throws StewardError `parked_order_not_found`
   */
  retry(consumer: string, orderId: string, by: string): Promise<MendReport>;

  /**
   * Leaves out the failing event of a parked order for ever, also in replays, and goes on with
   * those behind it.
   * @throws StewardError `parked_order_not_found`, `invalid_input` without a reason
   */
  skip(
    consumer: string,
    orderId: string,
    options: { reason: string; by: string },
  ): Promise<MendReport>;

  /**
   * Puts the cursor back. A consumer that replays by `reset` starts from an empty state and takes
   * no `from`; one that replays by `repeat` needs `from` and does nothing a second time.
   * The events are read at the next {@link consume}.
   * @throws StewardError `replay_needs_from`, `replay_takes_no_from`, `nothing_to_replay`
   */
  replay(
    consumer: string,
    options: { from?: ReplayFrom; dryRun?: boolean; by: string },
  ): Promise<ReplayReport>;
}

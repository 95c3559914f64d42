export { defineConsumer } from './consumer.ts';
export { createStream } from './create-stream.ts';
export {
  type Actor,
  type Cursor,
  EVENT_TYPES,
  type ExtendedOrder,
  extendedOrderSchema,
  type OrderEvent,
  type OrderEventType,
  type PersonalData,
} from './extended-order.ts';
export { erasePersonal, readPersonal } from './personal.ts';
export { readEnd, readEvents, readOrderEvents, START } from './read-events.ts';
export { rebaseAfterMigrate, rebaseAfterRestore } from './restored-log.ts';
export type {
  Consumer,
  MendReport,
  OrderStream,
  StreamStatus,
} from './stream.ts';
export type { ConsumerTables, StreamTables } from './tables.ts';

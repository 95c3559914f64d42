export { defineConsumer } from './consumer.ts';
export { createStream, type StreamDependencies } from './create-stream.ts';
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
export { erasePersonal, type Person, readPersonal } from './personal.ts';
export { readEnd, readEvents, readOrderEvents, START } from './read-events.ts';
export { type RebaseReport, rebaseAfterMigrate, rebaseAfterRestore } from './restored-log.ts';
export { LAG_COUNT_LIMIT } from './status.ts';
export type {
  ApplyContext,
  ConsumeReport,
  Consumer,
  ConsumerDefinition,
  ConsumerStatus,
  FailedReport,
  HeldBack,
  MendReport,
  OrderStream,
  ParkedOrder,
  ReplayFrom,
  ReplayReport,
  StreamStatus,
} from './stream.ts';
export type { ConsumerTables, StreamTables } from './tables.ts';

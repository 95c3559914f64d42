export { checkInvariants } from './check-invariants.ts';
export { createHttpContractor, createSandboxContractor } from './cookies/contractor.ts';
export { createOrders, orderConsumers } from './create-orders.ts';

export { createOrderMailRenderer } from './mails/render-order-mail.ts';
export { isLegalWay, legalSteps, ORDER_STATUSES } from './order.ts';
export type * from './orders.ts';
export { ordersRulesSchema } from './rules.ts';
export type { OrdersTables } from './tables.ts';

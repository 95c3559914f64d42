/** States of an order. The last three are ends: nothing follows. */
export const ORDER_STATUSES = [
  'assigned',
  'supplied',
  'started',
  'completed',
  'cancelled',
  'failed',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** How an order came to its end. */
export type EndKind =
  | 'completed'
  | 'customer-cancelled'
  | 'manager-cancelled'
  | 'worker-failed'
  | 'no-show';

/** What somebody does to an order that exists. */
export type OrderStep = 'issue' | 'check-in' | 'complete' | 'cancel' | 'fail';

/** From where each step leads where; what is not listed is illegal. */
const STEPS = {
  issue: { from: ['assigned'], to: 'supplied' },
  'check-in': { from: ['supplied'], to: 'started' },
  complete: { from: ['started'], to: 'completed' },
  cancel: { from: ['assigned', 'supplied', 'started'], to: 'cancelled' },
  fail: { from: ['assigned', 'supplied', 'started'], to: 'failed' },
} as const satisfies Record<OrderStep, { from: readonly OrderStatus[]; to: OrderStatus }>;

/** The state that the step leads to, or undefined where it is illegal. */
export function nextStatus(status: OrderStatus, step: OrderStep): OrderStatus | undefined {
  const rule = STEPS[step];
  return (rule.from as readonly OrderStatus[]).includes(status) ? rule.to : undefined;
}

/** The steps that are legal from this state; for an end none. */
export function legalSteps(status: OrderStatus): OrderStep[] {
  return (Object.keys(STEPS) as OrderStep[]).filter((step) => nextStatus(status, step));
}

/** Whether a series of states, in time order, is one that an order can go through. */
export function isLegalWay(statuses: readonly OrderStatus[]): boolean {
  if (statuses[0] !== 'assigned') return false;
  return statuses.slice(1).every((status, index) => {
    const before = statuses[index];
    if (before === undefined) return false;
    // A rating after the end changes the order, not its state.
    if (status === before) return status === 'completed';
    return (Object.keys(STEPS) as OrderStep[]).some((step) => nextStatus(before, step) === status);
  });
}

import { legalSteps, type OrderStatus, type OrderStep } from '../contexts/orders/index.ts';
import type { Role } from '../platform/tokens/principal.ts';

/** What somebody can do with an order next, named as the last part of the route's address. */
export const NEXT_STEPS = [
  'issue',
  'check-in',
  'complete',
  'fail',
  'cancel',
  'rebook',
  'rating',
] as const;
export type NextStep = (typeof NEXT_STEPS)[number];

const STEPS_OF_ROLE: Record<Role, readonly OrderStep[]> = {
  customer: ['cancel'],
  worker: ['check-in', 'complete', 'fail'],
  supplies: ['issue'],
};

/** What this role can do with an order in this state. */
export function nextSteps(role: Role, status: OrderStatus, rated: boolean): NextStep[] {
  const steps: NextStep[] = legalSteps(status).filter((step) => STEPS_OF_ROLE[role].includes(step));
  if (role === 'customer' && status === 'failed') steps.push('rebook');
  if (role === 'customer' && status === 'completed' && !rated) steps.push('rating');
  return steps;
}

/** Of the legal steps that a context names, those that the caller's role can take. */
export function allowedSteps(legal: unknown, role: Role | undefined): string[] | undefined {
  if (!Array.isArray(legal)) return undefined;
  const own: readonly string[] = role ? STEPS_OF_ROLE[role] : [];
  return legal.filter((step) => own.includes(step));
}

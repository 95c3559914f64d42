import type { App } from '../app.ts';
import type { PaymentsApp } from '../payments-app.ts';

/** The two programs that steward is made of, each with its own database, queues and consumers. */
export type PartName = 'main' | 'payments';
export type AnyApp = App | PaymentsApp;

/** Whose job, consumer or queue this is: payments' are named so. */
export function partOf(name: string): PartName {
  return /^payments[.:]/.test(name) ? 'payments' : 'main';
}

/** Which of the two this is. */
export function nameOf(app: AnyApp): PartName {
  return 'payments' in app ? 'payments' : 'main';
}

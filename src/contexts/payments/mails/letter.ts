import type { PaymentsDependencies } from '../dependencies.ts';

/** What the renderer needs besides what payments is made of. */
export interface MailRendererDependencies
  extends Pick<
    PaymentsDependencies,
    'db' | 'stream' | 'provider' | 'clock' | 'timeZone' | 'currency'
  > {
  /** Mail address of the finance department. */
  financeTo: string;
  /** Address of a page where the customer gives a payment method without signing in. */
  methodLink: (customerId: string, now: Date) => Promise<string>;
}

/** A mail without its recipient. */
export interface Letter {
  subject: string;
  lines: string[];
}

/** What letters are written from. */
export interface LetterPlace extends Omit<MailRendererDependencies, 'financeTo' | 'clock'> {
  now: Date;
  /** A value of the mail's data. */
  text(key: string): string;
}

import { openPayments, type PaymentsApp } from '../../src/payments-app.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';

/** Where the two databases of payments are. */
export interface Books {
  /** With the order stream. */
  mainUrl: string;
  paymentsUrl: string;
  /** Folder of the installation. */
  home: string;
}

/** Payments as its own processes open it: over its database, and with the stream to read only. */
export function openBooks(
  books: Books,
  part: PaymentsApp['part'],
  clock: Clock = systemClock,
): Promise<PaymentsApp> {
  const config = loadConfig({
    STEWARD_HOME: books.home,
    DATABASE_URL: books.mainUrl,
    PAYMENTS_DATABASE_URL: books.paymentsUrl,
    LOG_LEVEL: 'warn',
  });
  return openPayments(config, part, { clock });
}

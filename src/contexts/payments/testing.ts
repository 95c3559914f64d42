import { pino } from 'pino';
import { createPaymentsDatabase, createTestDatabase } from '../../../test/database.ts';
import { createVirtualClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import type { ConsumerTables, StreamTables } from '../../stream/index.ts';
import type { AllTables, PaymentsDependencies } from './dependencies.ts';
import type { PaymentProvider } from './provider/provider.ts';
import { paymentsRulesSchema } from './rules.ts';

/** A Monday morning, in ISO week 2026-W48. */
export const MONDAY = new Date('2026-11-23T08:00:00Z');

/**
 * What payments is made of, over two fresh databases: the order stream, read as the stream reader,
 * and payments' own, with the rights of payments' worker. `asFinance`, `asApi` and `asOwner` are the
 * same with other rights.
 */
export async function openTestPayments(
  provider: PaymentProvider,
  change: Partial<PaymentsDependencies> = {},
) {
  const main = await createTestDatabase<StreamTables & ConsumerTables>();
  const own = await createPaymentsDatabase<AllTables>();
  const clock = createVirtualClock(MONDAY);
  const deps: PaymentsDependencies = {
    db: own.open('steward_payments_worker'),
    stream: main.open('steward_stream_reader'),
    provider,
    clock,
    ids: createIds(clock),
    log: pino({ level: 'silent' }),
    rules: paymentsRulesSchema.parse({}),
    timeZone: 'UTC',
    currency: 'USD',
    publicUrl: 'http://127.0.0.1:3001',
    ...change,
  };
  const as = (role?: string): PaymentsDependencies => ({ ...deps, db: own.open(role) });
  return {
    deps,
    clock,
    /** The main database with all rights: to write events into the stream. */
    main,
    own,
    asFinance: as('steward_finance'),
    asApi: as('steward_payments_api'),
    asOwner: as(),
  };
}

import { sql } from 'kysely';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { ProofReport } from '../payments.ts';
import { balanceChecks } from './checks/balance-checks.ts';
import { bookingChecks } from './checks/booking-checks.ts';
import { examine, type Scope } from './checks/examine.ts';
import { invoiceChecks } from './checks/invoice-checks.ts';
import { ledgerChecks } from './checks/ledger-checks.ts';
import { checkOrdersBooked, nameLeftOut } from './checks/orders-booked.ts';
import { payoutChecks } from './checks/payout-checks.ts';
import { keepProof, lastGreen } from './proof-store.ts';

const CHECKS = [
  ...ledgerChecks,
  ...bookingChecks,
  ...invoiceChecks,
  ...payoutChecks,
  ...balanceChecks,
];

/** A check reads whole tables: with ten million postings it may take minutes. */
const STATEMENT_TIMEOUT = '30min';

/** See {@link Proof.prove}. */
export async function prove(
  deps: PaymentsDependencies,
  options: { full?: boolean; signal?: AbortSignal } = {},
): Promise<ProofReport> {
  const last = options.full ? null : await lastGreen(deps.db);
  // One snapshot for all, so that what is booked meanwhile is in every figure or in none.
  const { checks, reached } = await deps.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      await sql`set local statement_timeout = ${sql.lit(STATEMENT_TIMEOUT)}`.execute(tx);
      const scope: Scope = { tx, currency: deps.currency };
      const done = [];
      for (const check of CHECKS) {
        options.signal?.throwIfAborted();
        done.push(await examine(scope, check));
      }
      const { reached: place, ...orders } = await checkOrdersBooked(tx, deps.stream, {
        from: last?.reached ?? null,
        bookedFrom: last?.day ?? null,
        signal: options.signal,
      });
      return { checks: [orders, await nameLeftOut(tx), ...done], reached: place };
    });
  return keepProof(deps, 'prove', checks, reached);
}

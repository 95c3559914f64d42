import type { Consumer } from '../../stream/index.ts';
import { bookOrdersConsumer } from './bookings/book-orders-consumer.ts';
import { createCharges } from './charges/create-charges.ts';
import { createCredits } from './credits/create-credits.ts';
import type { PaymentsDependencies } from './dependencies.ts';
import { createInvoices } from './invoices/create-invoices.ts';
import { createLedger } from './ledger/create-ledger.ts';
import type { PaymentsContext } from './payments.ts';
import { createPayouts } from './payouts/create-payouts.ts';
import { createPeople } from './people/create-people.ts';
import { createExplain } from './proof/create-explain.ts';
import { createProof } from './proof/create-proof.ts';
import { createRefunds } from './refunds/create-refunds.ts';
import { createStatements } from './statements/create-statements.ts';
import { createProviderDesk } from './webhooks/create-provider-desk.ts';

/** Payments over its own database, the order stream and a provider. */
export function createPayments(deps: PaymentsDependencies): PaymentsContext {
  return {
    ledger: createLedger(deps),
    invoices: createInvoices(deps),
    charges: createCharges(deps),
    payouts: createPayouts(deps),
    credits: createCredits(deps),
    refunds: createRefunds(deps),
    people: createPeople(deps),
    statements: createStatements(deps),
    provider: createProviderDesk(deps),
    proof: createProof(deps),
    explain: createExplain(deps),
  };
}

/** What payments reads of the order stream. */
export function paymentsConsumers(
  deps: Omit<PaymentsDependencies, 'provider' | 'publicUrl'>,
): Consumer[] {
  return [bookOrdersConsumer(deps)];
}

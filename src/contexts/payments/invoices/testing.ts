import type { PaymentProvider } from '../provider/provider.ts';
import { type PaymentsRules, paymentsRulesSchema } from '../rules.ts';
import { openTestPayments } from '../testing.ts';
import { createInvoices } from './create-invoices.ts';

/** What invoices ask of a provider: nothing that needs one. */
type Amounts = Pick<PaymentProvider, 'chargeStep' | 'leastCharge'>;

/** Payments with invoices, as the worker and as finance have them; the stream is empty. */
export async function openInvoices(
  amounts: Partial<Amounts> = {},
  rules: Partial<PaymentsRules['invoices']> = {},
) {
  const provider = {
    name: 'sandbox',
    movesMoney: false,
    chargeStep: () => 1n,
    leastCharge: () => 1n,
    ...amounts,
  } satisfies Partial<PaymentProvider> as unknown as PaymentProvider;
  const test = await openTestPayments(provider, {
    rules: paymentsRulesSchema.parse({ invoices: rules }),
  });
  return {
    ...test,
    invoices: createInvoices(test.deps),
    asFinance: createInvoices(test.asFinance),
  };
}

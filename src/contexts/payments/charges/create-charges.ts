import { conflict } from '../../../platform/errors.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { Charge, Charges } from '../payments.ts';
import { askById } from './ask-charge.ts';
import { chargeDue } from './charge-due.ts';
import { findInvoiceId } from './find-invoice.ts';
import { getCharge, listCharges } from './read-charges.ts';
import { chargeNow } from './release-charges.ts';

/** Charges of invoices. */
export function createCharges(deps: Omit<PaymentsDependencies, 'stream' | 'publicUrl'>): Charges {
  return {
    chargeDue: (options) => chargeDue(deps, options),
    list: (filter, page) => listCharges(deps, filter, page),
    get: (id) => getCharge(deps, id),
    retry: (invoice) => retryInvoice(deps, invoice),
    ask: async (id) => {
      await getCharge(deps, id);
      await askById(deps, id);
      return getCharge(deps, id);
    },
  };
}

async function retryInvoice(
  deps: Omit<PaymentsDependencies, 'stream' | 'publicUrl'>,
  invoice: string,
): Promise<Charge> {
  const invoiceId = await findInvoiceId(deps.db, invoice);
  const chargeId = await chargeNow(deps, invoiceId, 'A manager wants it to be tried now.');
  if (chargeId !== null) return getCharge(deps, chargeId);
  throw conflict(
    'invoice_not_chargeable',
    `Invoice "${invoice}" cannot be charged: it is paid or void, or an attempt is under way.`,
    { invoiceId },
  );
}

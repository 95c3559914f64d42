export { createPayments, paymentsConsumers } from './create-payments.ts';
export type { AllTables as PaymentsTables } from './dependencies.ts';
export { createPaymentsMailRenderer } from './mails/render-payments-mail.ts';
export type * from './payments.ts';
export type { PaymentMethod, PaymentProvider } from './provider/provider.ts';
export { createRequestKeys, type RequestKeys } from './requests/request-keys.ts';
export type { SandboxPage } from './sandbox/render-sandbox-page.ts';
export {
  renderSandboxPage,
  sandboxPage,
  sandboxPagePolicy,
  submitSandboxPage,
} from './sandbox/sandbox-page.ts';

/** Bank files, written and read back. Loaded when needed: the Excel engine is large. */
export const openBankFiles = () => import('./payouts/bank-file-sheet.ts');

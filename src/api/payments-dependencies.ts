import {
  createRequestKeys,
  renderSandboxPage,
  sandboxPage,
  sandboxPagePolicy,
  submitSandboxPage,
} from '../contexts/payments/index.ts';
import type { PaymentsApp } from '../payments-app.ts';
import { paymentsMigrationStatus } from '../payments-database.ts';
import type {
  Figure,
  PaymentsDependencies,
  PoolFigures,
  ReadinessCheck,
  SandboxPages,
} from './dependencies.ts';
import { checkDatabase, keptFor } from './readiness.ts';

/** Counting costs more than a look; nobody draws a curve finer than this. */
const FIGURES_KEPT_MS = 15_000;

/** What a server gets of payments. */
export interface PaymentsParts {
  routes: PaymentsDependencies;
  pools(): PoolFigures[];
  figures(): Promise<Figure[]>;
  check(): Promise<ReadinessCheck[]>;
}

/** What a server needs of payments, out of their composed program. */
export function paymentsParts(app: PaymentsApp): PaymentsParts {
  const { statements, invoices, payouts, people, provider } = app.payments;
  return {
    routes: {
      statements,
      invoices,
      payouts,
      people,
      provider,
      requestKeys: createRequestKeys(app),
      sandbox: app.config.payments.provider.kind === 'sandbox' ? sandboxPages(app) : null,
    },
    pools: () => [{ name: 'payments', ...app.connections() }],
    figures: keptFor(() => paymentsFigures(app), FIGURES_KEPT_MS),
    check: () =>
      checkDatabase('payments-database', 'payments-migrations', () =>
        paymentsMigrationStatus(app.database.url),
      ),
  };
}

function sandboxPages(app: PaymentsApp): SandboxPages {
  return {
    page: (token) => sandboxPage(app, token),
    submit: (token, choice) => submitSandboxPage(app, token, choice),
    render: (page) => ({ html: renderSandboxPage(page), policy: sandboxPagePolicy() }),
  };
}

async function paymentsFigures({ payments }: PaymentsApp): Promise<Figure[]> {
  const { total } = await payments.charges.list({ status: 'unknown' }, { limit: 1 });
  return [
    {
      name: 'payments_charges_in_doubt',
      help: 'Charges of which nobody knows yet whether they went through',
      value: total.count,
    },
  ];
}

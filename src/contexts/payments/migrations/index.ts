import type { Migration } from '../../../platform/postgres/migrations.ts';
import { grants } from './2026-11-25-grants.ts';
import { ledger } from './2026-11-25-ledger.ts';
import { payments } from './2026-11-25-payments.ts';
import { roles } from './2026-11-25-roles.ts';
import { sandbox } from './2026-11-25-sandbox.ts';
import { requestKeys } from './2026-11-26-request-keys.ts';
import { triggerSearchPath } from './2026-11-27-trigger-search-path.ts';

/** Payments' schemas, in payments' own database; needs the shared modules' tables. */
export const paymentsMigrations: Migration[] = [
  roles,
  ledger,
  payments,
  grants,
  sandbox,
  requestKeys,
  triggerSearchPath,
];

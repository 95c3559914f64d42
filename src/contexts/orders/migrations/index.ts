import type { Migration } from '../../../platform/postgres/migrations.ts';
import { grants } from './2026-11-23-grants.ts';
import { orders } from './2026-11-23-orders.ts';
import { placeOrder } from './2026-11-23-place-order.ts';
import { staffSteps } from './2026-11-23-staff-steps.ts';
import { personalSubject } from './2026-11-25-personal-subject.ts';

export const ordersMigrations: Migration[] = [
  orders,
  placeOrder,
  staffSteps,
  grants,
  personalSubject,
];

import type { ColumnType, JSONColumnType } from 'kysely';
import type { ExtendedOrder, StreamTables } from '../../stream/index.ts';
import type { MatchReceipt } from '../matching/index.ts';
import type { EndKind, OrderStatus } from './order.ts';
import type { Place, SupplyItem } from './orders.ts';

interface CustomersTable {
  id: string;
  subject: string;
  name: string;
  email: string | null;
  created_at: Date;
  updated_at: Date;
}

interface WorkersTable {
  id: string;
  subject: string;
  name: string;
  email: string | null;
  phone: string | null;
  city: string;
  skills: string[];
  strengths: string[];
  weaknesses: string[];
  notes: string | null;
  active: ColumnType<boolean, boolean | undefined, boolean>;
  stars_sum: ColumnType<number, never, number>;
  stars_count: ColumnType<number, never, number>;
  standing: number;
  completed_orders: ColumnType<number, never, number>;
  version: ColumnType<number, number | undefined, number>;
  created_at: Date;
  updated_at: Date;
  deactivated_at: Date | null;
}

interface WorkerSkillsTable {
  city_key: string;
  skill: string;
  standing: number;
  worker_id: string;
}

interface OrdersTable {
  id: string;
  customer_id: string;
  worker_id: string;
  service_id: string;
  service: JSONColumnType<ExtendedOrder['service']>;
  place: JSONColumnType<Place>;
  description: string | null;
  status: OrderStatus;
  scheduled_at: Date;
  ends_at: Date;
  business_day: string;
  busy: string;
  price_minor: bigint;
  currency: string;
  price_lines: JSONColumnType<ExtendedOrder['price']['lines']>;
  copy_of: string | null;
  supplied_at: Date | null;
  started_at: Date | null;
  ended_at: Date | null;
  end_kind: EndKind | null;
  end_reason: string | null;
  check_in_photo: string | null;
  report_photo: string | null;
  stars: number | null;
  comment: string | null;
  rated_at: Date | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}

interface SuppliesTable {
  order_id: string;
  status: 'requested' | 'issued' | 'withdrawn';
  items: JSONColumnType<SupplyItem[]>;
  needed_at: Date;
  requested_at: Date;
  issued_at: Date | null;
  issued_by: string | null;
}

interface CookiesTable {
  order_id: string;
  status: 'waiting' | 'ordered' | 'delivered' | 'given-up';
  requested_at: Date;
  ordered_at: Date | null;
  due_at: Date | null;
  delivered_at: Date | null;
  attempts: ColumnType<number, number | undefined, number>;
  next_attempt_at: Date;
  error: string | null;
}

interface MatchReceiptsTable {
  order_id: string;
  receipt: JSONColumnType<MatchReceipt>;
}

interface WorkerDaysTable {
  worker_id: string;
  day: string;
  assigned: number;
  last_assigned_at: Date;
}

interface WorkerCustomersTable {
  worker_id: string;
  customer_id: string;
  completed: number;
}

interface IdempotencyKeysTable {
  principal: string;
  key: string;
  request_hash: Uint8Array;
  order_id: string;
  version: number;
  created_at: Date;
}

/** What this context reads and writes. */
export interface OrdersTables extends StreamTables {
  'orders.customers': CustomersTable;
  'orders.workers': WorkersTable;
  'orders.worker_skills': WorkerSkillsTable;
  'orders.orders': OrdersTable;
  'orders.supplies': SuppliesTable;
  'orders.cookies': CookiesTable;
  'orders.match_receipts': MatchReceiptsTable;
  'orders.worker_days': WorkerDaysTable;
  'orders.worker_customers': WorkerCustomersTable;
  'orders.idempotency_keys': IdempotencyKeysTable;
}

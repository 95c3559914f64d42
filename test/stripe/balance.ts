import type Stripe from 'stripe';
import { listPage, PAGING } from './lists.ts';
import { type Fields, text } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

/** A movement on the account's balance. `fee` is what Stripe keeps of it. */
export function recordMovement(
  world: World,
  movement: {
    type: Stripe.BalanceTransaction['type'];
    category: string;
    amount: number;
    fee?: number;
    currency: string;
    source: string | null;
    description?: string | null;
  },
): Stripe.BalanceTransaction {
  const { type, category, amount, fee = 0, currency, source, description = null } = movement;
  const feeDetail = {
    amount: fee,
    application: null,
    currency,
    description: null,
    type: 'stripe_fee',
  };
  return world.balanceTransactions.add({
    id: world.id('txn'),
    object: 'balance_transaction',
    amount,
    available_on: world.now(),
    balance_type: 'payments',
    created: world.now(),
    currency,
    description,
    exchange_rate: null,
    fee,
    fee_details: fee === 0 ? [] : [feeDetail],
    net: amount - fee,
    reporting_category: category,
    source,
    status: 'available',
    type,
  });
}

/** What the account has of a currency. Nothing is pending here: money is available at once. */
export function available(world: World, currency: string): number {
  let sum = 0;
  for (const { currency: of, net } of world.balanceTransactions.rows)
    if (of === currency) sum += net;
  return sum;
}

const LIST = {
  ...PAGING,
  created: { kind: 'range' },
  currency: { kind: 'string' },
  source: { kind: 'string' },
  type: { kind: 'string' },
} satisfies Fields<Stripe.BalanceTransactionListParams>;

export const balanceEndpoints: Endpoint[] = [
  {
    method: 'GET',
    path: '/v1/balance_transactions',
    fields: LIST,
    run: (world, values) => {
      const [currency, source, type] = ['currency', 'source', 'type'].map((n) => text(values, n));
      return listPage(
        world.balanceTransactions,
        values,
        '/v1/balance_transactions',
        (row) =>
          (!currency || row.currency === currency) &&
          (!source || row.source === source) &&
          (!type || row.type === type),
      );
    },
  },
  {
    method: 'GET',
    path: '/v1/balance_transactions/:id',
    fields: {},
    run: (world, _values, id) => world.balanceTransactions.get(id, 'id'),
  },
  {
    method: 'GET',
    path: '/v1/balance',
    fields: {},
    run: (world) => {
      const currencies = new Set(world.balanceTransactions.rows.map((row) => row.currency));
      const of = [...currencies].map((currency) => ({
        amount: available(world, currency),
        currency,
      }));
      return { object: 'balance', available: of, livemode: false, pending: [] };
    },
  },
];

import type Stripe from 'stripe';
import { available, recordMovement } from './balance.ts';
import { refused } from './errors.ts';
import { listPage, PAGING } from './lists.ts';
import { type Fields, given, integer, metadata, text, type Values } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

const CAPABILITY = { kind: 'object', fields: { requested: { kind: 'boolean' } } } as const;

const ACCOUNT_CREATE = {
  business_type: {
    kind: 'enum',
    values: ['company', 'government_entity', 'individual', 'non_profit'],
  },
  capabilities: { kind: 'object', fields: { card_payments: CAPABILITY, transfers: CAPABILITY } },
  country: { kind: 'string' },
  default_currency: { kind: 'string' },
  email: { kind: 'string' },
  metadata: { kind: 'metadata' },
  type: { kind: 'enum', values: ['custom', 'express', 'standard'] },
} satisfies Fields<Stripe.AccountCreateParams>;

function createAccount(world: World, values: Values): Stripe.Account {
  const account = {
    id: world.id('acct'),
    object: 'account',
    business_profile: null,
    business_type: null,
    capabilities: { transfers: 'inactive' },
    charges_enabled: false,
    country: text(values, 'country') ?? 'US',
    created: world.now(),
    default_currency: text(values, 'default_currency') ?? 'usd',
    details_submitted: false,
    email: text(values, 'email') ?? null,
    metadata: metadata(values),
    payouts_enabled: false,
    settings: null,
    type: 'express',
  } satisfies Partial<Stripe.Account>;
  return world.accounts.add(account as unknown as Stripe.Account);
}

const LINK_CREATE = {
  account: { kind: 'string', required: true },
  refresh_url: { kind: 'url' },
  return_url: { kind: 'url' },
  type: { kind: 'enum', values: ['account_onboarding', 'account_update'], required: true },
} satisfies Fields<Stripe.AccountLinkCreateParams>;

function createLink(world: World, values: Values): Stripe.AccountLink {
  const account = world.accounts.get(given(values, 'account'), 'account').id;
  const link: Stripe.AccountLink = {
    object: 'account_link',
    created: world.now(),
    expires_at: world.now() + 300,
    url: `https://connect.stripe.com/setup/e/${account}/${world.id('l')}`,
  };
  world.accountLinks.set(link.url, { link, account });
  return link;
}

const TRANSFER_CREATE = {
  amount: { kind: 'integer', required: true, least: 1 },
  currency: { kind: 'string', required: true },
  description: { kind: 'string' },
  destination: { kind: 'string', required: true },
  metadata: { kind: 'metadata' },
  source_transaction: { kind: 'string' },
  transfer_group: { kind: 'string' },
} satisfies Fields<Stripe.TransferCreateParams>;

function createTransfer(world: World, values: Values): Stripe.Transfer {
  const amount = integer(values, 'amount') ?? 0;
  const currency = given(values, 'currency');
  const destination = world.accounts.get(given(values, 'destination'), 'destination');
  if (destination.capabilities?.transfers !== 'active') {
    throw refused(
      'insufficient_capabilities_for_transfer',
      'Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments',
    );
  }
  if (available(world, currency) < amount) {
    throw refused(
      'balance_insufficient',
      'You have insufficient available funds in your Stripe account.',
    );
  }
  const id = world.id('tr');
  const movement = recordMovement(world, {
    type: 'transfer',
    category: 'transfer',
    amount: -amount,
    currency,
    source: id,
    description: text(values, 'description') ?? null,
  });
  const url = `/v1/transfers/${id}/reversals`;
  const transfer: Stripe.Transfer = world.transfers.add({
    id,
    object: 'transfer',
    amount,
    amount_reversed: 0,
    balance_transaction: movement.id,
    created: world.now(),
    currency,
    description: text(values, 'description') ?? null,
    destination: destination.id,
    destination_payment: world.id('py'),
    livemode: false,
    metadata: metadata(values),
    reversals: { object: 'list', data: [], has_more: false, url },
    reversed: false,
    source_transaction: text(values, 'source_transaction') ?? null,
    source_type: 'card',
    transfer_group: text(values, 'transfer_group') ?? null,
  });
  writeMoney(world, 'transfer', transfer, amount);
  world.emit('transfer.created', transfer);
  return transfer;
}

function writeMoney(
  world: World,
  what: 'transfer' | 'transfer-reversed',
  transfer: Stripe.Transfer,
  amount: number,
): void {
  const { id, currency } = transfer;
  world.log.write({ what, id, amount, currency, metadata: { ...transfer.metadata } });
}

const REVERSAL_CREATE = {
  amount: { kind: 'integer', least: 1 },
  description: { kind: 'string' },
  metadata: { kind: 'metadata' },
} satisfies Fields<Stripe.TransferCreateReversalParams>;

/** Money comes back from a connected account. */
export function reverseTransfer(world: World, values: Values, id: string) {
  const transfer = world.transfers.get(id, 'id');
  const left = transfer.amount - transfer.amount_reversed;
  const amount = integer(values, 'amount') ?? left;
  if (left === 0 || amount > left) {
    throw refused('transfer_reversal_too_large', `Transfer ${id} has ${left} left to reverse.`);
  }
  const { currency } = transfer;
  const reversalId = world.id('trr');
  const movement = recordMovement(world, {
    type: 'transfer_refund',
    category: 'transfer_reversal',
    amount,
    currency,
    source: reversalId,
  });
  const reversal: Stripe.TransferReversal = world.reversals.add({
    id: reversalId,
    object: 'transfer_reversal',
    amount,
    balance_transaction: movement.id,
    created: world.now(),
    currency,
    destination_payment_refund: null,
    metadata: metadata(values),
    source_refund: null,
    transfer: id,
  });
  transfer.amount_reversed += amount;
  transfer.reversed = transfer.amount_reversed === transfer.amount;
  transfer.reversals.data.unshift(reversal);
  writeMoney(world, 'transfer-reversed', transfer, amount);
  world.emit('transfer.reversed', transfer);
  return reversal;
}

const TRANSFER_LIST = {
  ...PAGING,
  created: { kind: 'range' },
  destination: { kind: 'string' },
  transfer_group: { kind: 'string' },
} satisfies Fields<Stripe.TransferListParams>;

export const connectEndpoints: Endpoint[] = [
  { method: 'POST', path: '/v1/accounts', fields: ACCOUNT_CREATE, run: createAccount },
  {
    method: 'GET',
    path: '/v1/accounts/:id',
    fields: {},
    run: (world, _values, id) => world.accounts.get(id, 'id'),
  },
  { method: 'POST', path: '/v1/account_links', fields: LINK_CREATE, run: createLink },
  { method: 'POST', path: '/v1/transfers', fields: TRANSFER_CREATE, run: createTransfer },
  {
    method: 'POST',
    path: '/v1/transfers/:id/reversals',
    fields: REVERSAL_CREATE,
    run: reverseTransfer,
  },
  {
    method: 'GET',
    path: '/v1/transfers/:id',
    fields: {},
    run: (world, _values, id) => world.transfers.get(id, 'id'),
  },
  {
    method: 'GET',
    path: '/v1/transfers',
    fields: TRANSFER_LIST,
    run: (world, values) => {
      const group = text(values, 'transfer_group');
      const destination = text(values, 'destination');
      const keep = (row: Stripe.Transfer) =>
        (!group || row.transfer_group === group) &&
        (!destination || row.destination === destination);
      return listPage(world.transfers, values, '/v1/transfers', keep);
    },
  },
];

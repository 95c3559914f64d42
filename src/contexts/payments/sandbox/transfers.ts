import { sql } from 'kysely';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { ProviderTransfer, TransferOutcome, TransferRequest } from '../provider/provider.ts';
import { moveBalance, newRef, once, refused, type Sandbox, tell } from './sandbox.ts';

interface TransferRow {
  ref: string;
  payout_id: string;
  generation: number;
  state: ProviderTransfer['state'];
  amount_minor: bigint;
  currency: string;
  created_at: Date;
}

const columns = sql`ref, payout_id, generation, state, amount_minor, currency, created_at`;

function toTransfer(row: TransferRow): ProviderTransfer {
  return {
    ref: row.ref,
    payoutId: row.payout_id,
    generation: row.generation,
    state: row.state,
    amountMinor: row.amount_minor,
    currency: row.currency,
    createdAt: row.created_at,
  };
}

/** A worker's account, not ready before its page was gone through. */
export function makeAccount<Tables>(
  box: Sandbox<Tables>,
  request: { idempotencyKey: string; personKey: string },
): Promise<{ ref: string }> {
  return once(box, 'account', request, async (tx) => {
    const ref = newRef(box, 'acct');
    await sql`
      insert into sandbox.accounts (ref, person_key, created_at)
      values (${ref}, ${request.personKey}, ${box.clock.now()})`.execute(tx);
    return { ref };
  });
}

/** @throws NotSent `refused` for an account that is none */
export async function accountState<Tables>(
  db: Executor<Tables>,
  ref: string,
): Promise<'new' | 'ready' | 'closed'> {
  const { rows } = await sql<{ state: 'new' | 'ready' | 'closed' }>`
    select state from sandbox.accounts where ref = ${ref}`.execute(db);
  const [account] = rows;
  if (!account) throw refused('resource_missing', `There is no account "${ref}".`);
  return account.state;
}

/**
 * See {@link PaymentProvider.transfer}. The sandbox advances the money: unlike at Stripe, our balance
 * may become negative.
 */
export function makeTransfer<Tables>(
  box: Sandbox<Tables>,
  request: TransferRequest,
): Promise<TransferOutcome> {
  return once(box, 'transfer', request, async (tx): Promise<TransferOutcome> => {
    const { amountMinor, currency } = request;
    if (amountMinor <= 0n) throw refused('invalid_amount', 'A transfer is of more than nothing.');
    const state = await accountState(tx, request.accountRef);
    if (state === 'new') {
      return { outcome: 'failed', code: 'insufficient_capabilities_for_transfer' };
    }
    if (state === 'closed') return { outcome: 'failed', code: 'account_closed' };
    const { rows } = await sql<TransferRow>`
      insert into sandbox.transfers (${columns}, account_ref)
      values (${newRef(box, 'tr')}, ${request.payoutId}, ${request.generation}, 'paid',
        ${amountMinor}, ${currency}, ${box.clock.now()}, ${request.accountRef})
      returning ${columns}`.execute(tx);
    const [transfer] = rows.map(toTransfer);
    if (!transfer) throw new Error('The sandbox kept no transfer.');
    const entry = { kind: 'transfer', sourceRef: transfer.ref, currency } as const;
    await moveBalance(box, tx, { ...entry, amountMinor: -amountMinor, feeMinor: 0n });
    await tell(box, tx, { type: 'transfer.created', about: 'transfer', objectRef: transfer.ref });
    return { outcome: 'paid', transfer };
  });
}

/** See {@link PaymentProvider.findTransfer}. */
export async function findTransfer<Tables>(
  db: Executor<Tables>,
  query: { payoutId: string; generation: number; since: Date },
): Promise<ProviderTransfer | null> {
  const { rows } = await sql<TransferRow>`
    select ${columns} from sandbox.transfers
    where payout_id = ${query.payoutId} and generation = ${query.generation}
      and created_at >= ${query.since}
    order by created_at desc limit 1`.execute(db);
  return rows.map(toTransfer)[0] ?? null;
}

/** See {@link PaymentProvider.getTransfer}. */
export async function getTransfer<Tables>(
  db: Executor<Tables>,
  ref: string,
): Promise<ProviderTransfer | null> {
  const { rows } = await sql<TransferRow>`
    select ${columns} from sandbox.transfers where ref = ${ref}`.execute(db);
  return rows.map(toTransfer)[0] ?? null;
}

/** Takes a transfer back, as somebody may do at the provider. */
export async function reverseTransfer<Tables>(
  box: Sandbox<Tables>,
  ref: string,
): Promise<ProviderTransfer> {
  return box.db.transaction().execute(async (tx) => {
    const { rows } = await sql<TransferRow>`
      update sandbox.transfers set state = 'reversed' where ref = ${ref} and state = 'paid'
      returning ${columns}`.execute(tx);
    const [transfer] = rows.map(toTransfer);
    if (!transfer) throw refused('resource_missing', `There is no transfer "${ref}" to reverse.`);
    const { amountMinor, currency } = transfer;
    const entry = { kind: 'transfer-reversed', sourceRef: ref, amountMinor, currency } as const;
    await moveBalance(box, tx, { ...entry, feeMinor: 0n });
    await tell(box, tx, { type: 'transfer.reversed', about: 'transfer', objectRef: ref });
    return transfer;
  });
}

import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import {
  firstOpenDay,
  type NewTransaction,
  postTransactions,
} from '../ledger/post-transactions.ts';
import type { ProofReport } from '../payments.ts';
import type { BalanceEntry } from '../provider/provider.ts';
import { compareWithProvider } from './compare-with-provider.ts';
import { keepProof } from './proof-store.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
/** Entries kept and booked per transaction. */
const BATCH_ENTRIES = 500;

/** See {@link Proof.reconcile}. */
export async function reconcile(
  deps: PaymentsDependencies,
  options: { from?: Date; to?: Date; signal?: AbortSignal } = {},
): Promise<ProofReport> {
  const to = options.to ?? deps.clock.now();
  const from = options.from ?? new Date(to.getTime() - DEFAULT_DAYS * DAY_MS);
  // What moved with the provider just outside may be booked just inside, and the other way round.
  const marginMs = deps.rules.reconciling.allowedLagDays * DAY_MS;
  await takeEntries(
    deps,
    { from: new Date(from.getTime() - marginMs), to: new Date(to.getTime() + marginMs) },
    options.signal,
  );
  return keepProof(deps, 'reconcile', await compareWithProvider(deps, { from, to }), null);
}

/** Keeps the provider's movements, and books fees and what the provider paid to our bank. */
async function takeEntries(
  deps: PaymentsDependencies,
  range: { from: Date; to: Date },
  signal: AbortSignal | undefined,
): Promise<void> {
  let batch: BalanceEntry[] = [];
  for await (const entry of deps.provider.listBalance(range)) {
    signal?.throwIfAborted();
    batch.push(entry);
    if (batch.length < BATCH_ENTRIES) continue;
    await keepEntries(deps, batch);
    batch = [];
  }
  if (batch.length > 0) await keepEntries(deps, batch);
}

async function keepEntries(
  deps: PaymentsDependencies,
  entries: readonly BalanceEntry[],
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    await tx
      .insertInto('payments.balance_entries')
      .values(
        entries.map((entry) => ({
          provider: deps.provider.name,
          ref: entry.ref,
          kind: entry.kind,
          source_ref: entry.sourceRef,
          amount_minor: entry.amountMinor,
          fee_minor: entry.feeMinor,
          currency: entry.currency,
          created_at: entry.createdAt,
        })),
      )
      .onConflict((conflict) => conflict.columns(['provider', 'ref']).doNothing())
      .execute();
    const ours = entries.filter(({ currency }) => currency === deps.currency);
    const moving = ours.flatMap((entry) => toTransactions(deps, entry));
    // Booked already: in an open month then, which may be closed by now.
    const { rows } = await sql<{ key: string }>`
      select idempotency_key as key from ledger.transactions
      where idempotency_key = any(${moving.map((one) => one.idempotencyKey)}::text[])`.execute(tx);
    const known = new Set(rows.map(({ key }) => key));
    const open = await firstOpenDay(tx);
    await postTransactions(
      tx,
      deps.currency,
      moving
        .filter((one) => !known.has(one.idempotencyKey))
        .map((one) => ({
          ...one,
          bookedOn: open !== null && one.bookedOn < open ? open : one.bookedOn,
        })),
    );
  });
}

/** Money between our bank account and our balance with the provider, whichever way. */
const BANK_KINDS: ReadonlySet<BalanceEntry['kind']> = new Set([
  'payout',
  'payout-failed',
  'top-up',
]);

/** What only the provider knows of: fees, and what went to our bank account or came from it. */
function toTransactions(deps: PaymentsDependencies, entry: BalanceEntry): NewTransaction[] {
  const provider = deps.provider.name;
  const base = {
    bookedOn: businessDay(entry.createdAt, deps.timeZone),
    occurredAt: entry.createdAt,
    subjectKind: 'balance-entry',
    subjectId: entry.ref,
  };
  const booked: NewTransaction[] = [];
  // An entry that is itself a fee has it as its amount.
  const fee = entry.feeMinor - (entry.kind === 'fee' ? entry.amountMinor : 0n);
  if (fee !== 0n) {
    booked.push({
      ...base,
      id: deps.ids.next(),
      idempotencyKey: `fee:${entry.ref}`,
      kind: 'fee',
      postings: [
        { code: 'provider-fees', amountMinor: fee },
        { code: 'provider-clearing', owner: provider, amountMinor: -fee },
      ],
    });
  }
  if (BANK_KINDS.has(entry.kind) && entry.amountMinor !== 0n) {
    booked.push({
      ...base,
      id: deps.ids.next(),
      idempotencyKey: `provider-payout:${entry.ref}`,
      kind: 'provider-payout',
      postings: [
        { code: 'bank', amountMinor: -entry.amountMinor },
        { code: 'provider-clearing', owner: provider, amountMinor: entry.amountMinor },
      ],
    });
  }
  return booked;
}

import { sql } from 'kysely';
import { minorDigits } from '../../../platform/money.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { ProviderCharge, ProviderDispute } from '../provider/provider.ts';
import { moveBalance, newRef, refused, type Sandbox, tell } from './sandbox.ts';

interface DisputeRow {
  ref: string;
  charge_ref: string;
  state: ProviderDispute['state'];
  reason: string;
  amount_minor: bigint;
  currency: string;
  created_at: Date;
  evidence_due_at: Date | null;
}

const columns = sql`ref, charge_ref, state, reason, amount_minor, currency, created_at,
  evidence_due_at`;

/** Card networks leave about three weeks, less what Stripe takes for itself. */
const EVIDENCE_DAYS = 9;

function toDispute(row: DisputeRow): ProviderDispute {
  return {
    ref: row.ref,
    chargeRef: row.charge_ref,
    state: row.state,
    reason: row.reason,
    amountMinor: row.amount_minor,
    currency: row.currency,
    createdAt: row.created_at,
    evidenceDueAt: row.evidence_due_at,
  };
}

/** The customer's bank takes the money back, or only asks. 15 units are kept for the trouble. */
export async function openDispute<Tables>(
  box: Sandbox<Tables>,
  tx: Transaction<Tables>,
  charge: Pick<ProviderCharge, 'ref' | 'amountMinor' | 'currency'>,
  { state, reason }: { state: 'open' | 'warning'; reason: string },
): Promise<string> {
  const ref = newRef(box, 'dp');
  const now = box.clock.now();
  const due = new Date(now.getTime() + EVIDENCE_DAYS * 86_400_000);
  const { amountMinor, currency } = charge;
  await sql`
    insert into sandbox.disputes (${columns})
    values (${ref}, ${charge.ref}, ${state}, ${reason}, ${amountMinor}, ${currency}, ${now},
      ${due})`.execute(tx);
  await tell(box, tx, { type: 'dispute.opened', about: 'dispute', objectRef: ref });
  if (state === 'open') {
    const feeMinor = 15n * 10n ** BigInt(minorDigits(currency));
    const entry = { kind: 'dispute', sourceRef: ref, amountMinor: -amountMinor } as const;
    await moveBalance(box, tx, { ...entry, feeMinor, currency });
  }
  return ref;
}

/** See {@link PaymentProvider.getDispute}. */
export async function getDispute<Tables>(
  db: Executor<Tables>,
  ref: string,
): Promise<ProviderDispute | null> {
  const { rows } = await sql<DisputeRow>`
    select ${columns} from sandbox.disputes where ref = ${ref}`.execute(db);
  return rows.map(toDispute)[0] ?? null;
}

/** The bank has decided. @throws NotSent `refused` for one that is decided already */
export async function decideDispute<Tables>(
  box: Sandbox<Tables>,
  ref: string,
  outcome: 'won' | 'lost',
): Promise<ProviderDispute> {
  return box.db.transaction().execute(async (tx) => {
    const { rows } = await sql<DisputeRow>`
      update sandbox.disputes set state = ${outcome}
      where ref = ${ref} and state in ('open', 'warning') returning ${columns}`.execute(tx);
    const [dispute] = rows.map(toDispute);
    if (!dispute) throw refused('resource_missing', `There is no undecided dispute "${ref}".`);
    const { amountMinor, currency } = dispute;
    const { rows: taken } = await sql`
      select from sandbox.balance where kind = 'dispute' and source_ref = ${ref}`.execute(tx);
    if (outcome === 'won' && taken.length > 0) {
      const entry = { kind: 'dispute-returned', sourceRef: ref, amountMinor } as const;
      await moveBalance(box, tx, { ...entry, feeMinor: 0n, currency });
    }
    await tell(box, tx, { type: `dispute.${outcome}`, about: 'dispute', objectRef: ref });
    return dispute;
  });
}

import { sql } from 'kysely';
import { invalid } from '../../../platform/errors.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { PayoutDestination, Payouts } from '../payments.ts';
import { isIban, normalIban } from './iban.ts';
import { requireWorker } from './require-worker.ts';

/** What banks take as the name of an account's holder. */
const MAX_HOLDER_CHARS = 70;

/** Where a worker's money goes. See `Payouts.destination`. */
export async function readDestination(
  deps: PaymentsDependencies,
  workerId: string,
): Promise<PayoutDestination> {
  const id = await requireWorker(deps, workerId);
  const row = await deps.db
    .selectFrom('payments.payout_destinations')
    .select(['method', 'provider', 'account_ref', 'account_holder', 'iban'])
    .where('worker_id', '=', id)
    .executeTakeFirst();
  const method = row?.method ?? deps.rules.payouts.defaultMethod;
  if (method === 'bank') {
    return { method, accountHolder: row?.account_holder ?? '', iban: row?.iban ?? '' };
  }
  const accountRef = row?.provider === deps.provider.name ? row.account_ref : null;
  return {
    method,
    accountRef,
    ready: accountRef === null ? null : await isReady(deps, accountRef),
  };
}

/** Null where the provider does not say. */
async function isReady(deps: PaymentsDependencies, accountRef: string): Promise<boolean | null> {
  try {
    return await deps.provider.isAccountReady(accountRef);
  } catch (error) {
    deps.log.warn({ err: error, accountRef }, 'Nobody tells whether an account is ready.');
    return null;
  }
}

/** See `Payouts.setDestination`. What is planned and was never sent goes there too. */
export async function writeDestination(
  deps: PaymentsDependencies,
  workerId: string,
  destination: Parameters<Payouts['setDestination']>[1],
): Promise<PayoutDestination> {
  const values =
    destination.method === 'bank' ? bankValues(destination) : providerValues(deps, destination);
  const id = await requireWorker(deps, workerId);
  await deps.db.transaction().execute(async (tx) => {
    const row = { ...values, updated_at: deps.clock.now(), updated_by: sql<string>`session_user` };
    await tx
      .insertInto('payments.payout_destinations')
      .values({ worker_id: id, ...row })
      .onConflict((one) => one.column('worker_id').doUpdateSet(row))
      .execute();
    await followDestinations(deps, tx);
  });
  return readDestination(deps, id);
}

function bankValues({ accountHolder, iban }: { accountHolder: string; iban: string }) {
  const holder = accountHolder.trim();
  const account = normalIban(iban);
  const issues = [
    ...(holder !== '' && holder.length <= MAX_HOLDER_CHARS
      ? []
      : [{ path: 'accountHolder', message: `expected 1 to ${MAX_HOLDER_CHARS} characters` }]),
    ...(isIban(account)
      ? []
      : [{ path: 'iban', message: 'expected an IBAN whose check digits fit' }]),
  ];
  const [first] = issues;
  if (first) throw invalid(`This is no bank account: ${first.path}: ${first.message}.`, issues);
  return { method: 'bank', account_holder: holder, iban: account } as const;
}

function providerValues(deps: PaymentsDependencies, { accountRef }: { accountRef?: string }) {
  if (accountRef === undefined) return { method: 'provider' } as const;
  if (!/^[A-Za-z0-9_]{3,100}$/.test(accountRef)) {
    throw invalid(`"${accountRef}" is no account with the provider.`, [
      { path: 'accountRef', message: "expected the provider's id, such as acct_1032D82eZvKYlo2C" },
    ]);
  }
  return { method: 'provider', provider: deps.provider.name, account_ref: accountRef } as const;
}

/** Payouts that are planned and were never sent go where their workers want them by now. */
export async function followDestinations(
  deps: PaymentsDependencies,
  tx: Transaction<AllTables>,
): Promise<void> {
  await sql`
    update payments.payouts p set method = d.method,
      provider = case when d.method = 'provider' then ${deps.provider.name} end
    from payments.payout_destinations d
    where d.worker_id = p.worker_id and p.status = 'planned' and p.sent_at is null
      and p.method <> d.method`.execute(tx);
}

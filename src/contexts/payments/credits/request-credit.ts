import { type Issue, invalid, StewardError } from '../../../platform/errors.ts';
import { formatMoney, minorDigits } from '../../../platform/money.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { Credit, Credits } from '../payments.ts';
import { requireWorker } from '../payouts/require-worker.ts';
import { transactOrRehearse } from '../rehearse.ts';
import { bookCredit } from './book-credit.ts';
import { CREDIT_COLUMNS, toCredit } from './credit-rows.ts';

type Deps = Pick<
  PaymentsDependencies,
  'db' | 'stream' | 'clock' | 'ids' | 'rules' | 'currency' | 'timeZone'
>;
type Request = Parameters<Credits['credit']>[0];

const MAX_REASON_CHARS = 500;
/** A trillion major units of a currency with two digits: more is a slip of the hand. */
const MAX_AMOUNT_MINOR = 10n ** 14n;

/**
 * Credits a worker at once, or asks a second manager where the amount is over the limit. A
 * negative amount takes an earlier credit back, and is measured by its size like any other.
 * See `Credits.credit`.
 */
export async function requestCredit(deps: Deps, request: Request): Promise<Credit> {
  const reason = checkRequest(request);
  const workerId = await requireWorker(deps, request.workerId);
  return transactOrRehearse(deps.db, request.dryRun === true, (tx) =>
    writeCredit(deps, tx, { ...request, workerId, reason }),
  );
}

function checkRequest({ amountMinor, reason, idempotencyKey }: Request): string {
  const issues: Issue[] = [];
  const words = reason.trim();
  if (words === '' || words.length > MAX_REASON_CHARS) {
    const message = `expected a reason of 1 to ${MAX_REASON_CHARS} characters`;
    issues.push({ path: 'reason', message });
  }
  if (amountMinor === 0n || amountMinor > MAX_AMOUNT_MINOR || amountMinor < -MAX_AMOUNT_MINOR) {
    const message = `found ${amountMinor} minor units, expected another amount than 0 and at most ${MAX_AMOUNT_MINOR}`;
    issues.push({ path: 'amountMinor', message });
  }
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
    const message = 'expected 1 to 255 printable ASCII characters without spaces';
    issues.push({ path: 'idempotencyKey', message });
  }
  const [first] = issues;
  if (first) throw invalid(`This credit cannot be made: ${first.path}: ${first.message}.`, issues);
  return words;
}

async function writeCredit(deps: Deps, tx: Transaction<AllTables>, request: Request) {
  const { workerId, amountMinor, reason, idempotencyKey } = request;
  const needsApproval = isOverLimit(deps, amountMinor);
  const at = deps.clock.now();
  const id = deps.ids.next();
  const transactionId = needsApproval ? null : deps.ids.next();
  const row = await tx
    .insertInto('payments.credits')
    .values({
      id,
      worker_id: workerId,
      amount_minor: amountMinor,
      currency: deps.currency,
      reason,
      needs_approval: needsApproval,
      status: needsApproval ? 'requested' : 'booked',
      requested_at: at,
      decided_at: needsApproval ? null : at,
      transaction_id: transactionId,
      idempotency_key: idempotencyKey ?? null,
    })
    .onConflict((one) => one.column('idempotency_key').doNothing())
    .returning(CREDIT_COLUMNS)
    .executeTakeFirst();
  if (!row) return readSame(deps, tx, request);
  if (transactionId !== null) {
    await bookCredit(deps, tx, { id, workerId, amountMinor, transactionId, at });
  }
  return toCredit(row);
}

/** R-24; the limit is in major units. */
function isOverLimit({ rules, currency }: Deps, amountMinor: bigint): boolean {
  const limit = BigInt(rules.creditApprovalOverUnits) * 10n ** BigInt(minorDigits(currency));
  return amountMinor > limit || amountMinor < -limit;
}

/** The credit that was asked for under this key before, if it is the same one. */
async function readSame(deps: Deps, tx: Transaction<AllTables>, request: Request): Promise<Credit> {
  const row = await tx
    .selectFrom('payments.credits')
    .select(CREDIT_COLUMNS)
    .where('idempotency_key', '=', request.idempotencyKey ?? '')
    .executeTakeFirstOrThrow();
  const same =
    row.worker_id === request.workerId &&
    row.amount_minor === request.amountMinor &&
    row.currency === deps.currency &&
    row.reason === request.reason;
  if (same) return toCredit(row);
  throw new StewardError(
    'invalid',
    'idempotency_key_reused',
    `Under this key credit ${row.id} was made before: ${formatMoney({ amountMinor: row.amount_minor, currency: row.currency })} to worker ${row.worker_id}. Another credit needs another key.`,
    { data: { creditId: row.id } },
  );
}

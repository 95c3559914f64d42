import type { PaymentsDependencies } from '../../dependencies.ts';
import type { Explanation, ExplanationLine } from '../../payments.ts';
import { explainTransaction } from './explain-transaction.ts';
import { amountText, line, when } from './words.ts';

function readCharges(deps: Pick<PaymentsDependencies, 'db'>) {
  return deps.db
    .selectFrom('payments.charges as c')
    .innerJoin('payments.invoices as i', 'i.id', 'c.invoice_id')
    .select([
      'c.id',
      'c.generation',
      'c.amount_minor',
      'c.currency',
      'c.status',
      'c.failure_kind',
      'c.failure_code',
      'c.provider',
      'c.provider_ref',
      'c.transaction_id',
      'i.id as invoice_id',
      'i.number',
      'i.total_minor',
      'i.rounding_minor',
    ]);
}

type ChargeRow = Awaited<ReturnType<ReturnType<typeof readCharges>['execute']>>[number];

/** An attempt with what happened to it, each with its time and answer. */
export async function explainCharge(
  deps: PaymentsDependencies,
  id: string,
): Promise<Explanation | null> {
  const row = await readCharges(deps).where('c.id', '=', id).executeTakeFirst();
  if (!row) return null;
  return {
    subject: { kind: 'charge', id },
    title: `Charge ${id}: attempt ${row.generation} for invoice ${row.number}, ${statusOf(row)}`,
    amountMinor: row.amount_minor,
    currency: row.currency,
    lines: [
      line(
        0,
        `Invoice ${row.number} is over ${amountText(row.total_minor, row.currency)}`,
        row.total_minor,
      ),
      ...(row.rounding_minor === 0n
        ? []
        : [line(0, 'Less what the provider cannot charge (rounding)', -row.rounding_minor)]),
      ...(await stepLines(deps, id, 0)),
      ...(row.provider_ref
        ? [line(0, `Provider ${row.provider} has it as ${row.provider_ref}.`)]
        : []),
      ...(row.transaction_id === null ? [] : await explainTransaction(deps, row.transaction_id)),
    ],
  };
}

/** All attempts of an invoice. */
export async function explainAttempts(
  deps: PaymentsDependencies,
  invoiceId: string,
): Promise<ExplanationLine[]> {
  const rows = await readCharges(deps)
    .where('c.invoice_id', '=', invoiceId)
    .orderBy('c.generation')
    .execute();
  const lines: ExplanationLine[] = [];
  for (const row of rows) {
    const text = `Attempt ${row.generation} to charge: ${statusOf(row)} (charge ${row.id})`;
    lines.push(line(0, text, row.amount_minor), ...(await stepLines(deps, row.id, 1)));
  }
  return lines;
}

function statusOf(row: ChargeRow): string {
  const status = row.status.replace('_', ' ');
  if (row.failure_code === null) return status;
  return row.failure_kind === null
    ? `${status}, ${row.failure_code}`
    : `${status}, ${row.failure_kind}: ${row.failure_code}`;
}

async function stepLines(
  deps: PaymentsDependencies,
  chargeId: string,
  depth: number,
): Promise<ExplanationLine[]> {
  const steps = await deps.db
    .selectFrom('payments.charge_steps')
    .select(['status', 'detail', 'at', 'recorded_by'])
    .where('charge_id', '=', chargeId)
    .orderBy('step')
    .execute();
  return steps.map(({ status, detail, at, recorded_by: by }) =>
    line(
      depth,
      `${when(deps, at)}: ${status.replace('_', ' ')}${detail ? `. ${detail}` : ''} (${by})`,
    ),
  );
}

import { conflict } from '../../../platform/errors.ts';
import { sqlState } from '../../../platform/postgres/database-errors.ts';

/** Somebody reversed this transaction before. */
export function alreadyReversed(id: string, reversedBy?: string) {
  const by = reversedBy === undefined ? '' : ` by ${reversedBy}`;
  return conflict('already_reversed', `Transaction ${id} is reversed already${by}.`, {
    id,
    ...(reversedBy === undefined ? {} : { reversedBy }),
  });
}

/**
 * What the database refused, where somebody else's doing can be the reason: closing a month or
 * reversing the same transaction a moment earlier. Whatever else it refuses (unbalanced, misfit,
 * not the opposite) is a fault of the program and stays as it is.
 */
export function translateLedgerError(error: unknown): unknown {
  const state = sqlState(error);
  if (!(error instanceof Error) || !('constraint' in error)) return error;
  if (state === '23514' && error.constraint === 'period_closed') {
    return conflict('month_closed', `Nothing can be booked there: ${error.message}.`);
  }
  if (state === '23514' && error.constraint === 'reverses_reversal') {
    return conflict('not_reversible', `A reversal is not reversed: ${error.message}.`);
  }
  if (state === '23505' && error.constraint === 'transactions_reverses_key') {
    const detail = 'detail' in error ? String(error.detail) : '';
    return alreadyReversed(/[0-9a-f-]{36}/.exec(detail)?.[0] ?? 'asked for');
  }
  return error;
}

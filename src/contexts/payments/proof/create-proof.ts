import type { PaymentsDependencies } from '../dependencies.ts';
import type { Proof } from '../payments.ts';
import { lastProof, listProofs } from './proof-store.ts';
import { prove } from './prove.ts';
import { reconcile } from './reconcile.ts';

/** See {@link Proof}. */
export function createProof(deps: PaymentsDependencies): Proof {
  return {
    prove: (options) => prove(deps, options),
    reconcile: (options) => reconcile(deps, options),
    last: (kind) => lastProof(deps.db, kind),
    list: (kind, page) => listProofs(deps.db, kind, page),
  };
}

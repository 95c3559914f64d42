import type { PaymentsDependencies } from '../dependencies.ts';
import type { Credits } from '../payments.ts';
import { decideCredit } from './decide-credit.ts';
import { listCredits } from './list-credits.ts';
import { requestCredit } from './request-credit.ts';

/** Credits to workers. The database signs who asked and who decided, by their logins. */
export function createCredits(
  deps: Pick<
    PaymentsDependencies,
    'db' | 'stream' | 'clock' | 'ids' | 'rules' | 'currency' | 'timeZone'
  >,
): Credits {
  return {
    credit: (request) => requestCredit(deps, request),
    approve: (id, options = {}) => decideCredit(deps, id, { outcome: 'booked' }, options.dryRun),
    reject: (id, reason) => decideCredit(deps, id, { outcome: 'rejected', reason }),
    list: (filter, page) => listCredits(deps.db, filter, page),
  };
}

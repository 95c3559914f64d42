import { workThrough } from '../charges/work-through.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { Refunds } from '../payments.ts';
import { listDisputes, listRefunds } from './read-refunds.ts';
import { claimRefunds } from './refund-store.ts';
import { requestRefund } from './request-refund.ts';
import { workOnRefund } from './send-refund.ts';
import { clawBackDispute } from './sync-dispute.ts';

/** Refunds and disputes. */
export function createRefunds(deps: Omit<PaymentsDependencies, 'stream' | 'publicUrl'>): Refunds {
  return {
    refund: (request) => requestRefund(deps, request),
    list: (filter, page) => listRefunds(deps.db, filter, page),
    disputes: (filter, page) => listDisputes(deps.db, filter, page),
    clawBackDispute: (id, clawBack) => clawBackDispute(deps, id, clawBack),
    refundDue: async (options = {}) => {
      const report = { sent: 0, succeeded: 0, failed: 0, unknown: 0 };
      await workThrough({
        atOnce: deps.rules.charging.atOnce,
        signal: options.signal,
        claim: (count) => claimRefunds(deps, deps.clock.now(), count),
        work: async (refund) => {
          const outcome = await workOnRefund(deps, refund);
          const accepted = outcome === 'succeeded' || outcome === 'pending';
          if (refund.status === 'planned' && outcome !== 'back') report.sent += 1;
          if (accepted) report.succeeded += 1;
          if (outcome === 'failed') report.failed += 1;
          if (outcome === 'unknown') report.unknown += 1;
        },
        failed: (refund, error) =>
          deps.log.error({ err: error, refundId: refund.id }, 'a refund could not be worked on'),
      });
      return report;
    },
  };
}

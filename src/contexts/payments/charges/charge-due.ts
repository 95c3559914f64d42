import type { PaymentsDependencies } from '../dependencies.ts';
import type { ChargeReport } from '../payments.ts';
import { askCharge } from './ask-charge.ts';
import { type ChargeRecord, claimCharges } from './charge-store.ts';
import { moveOnWaiting, releaseCharges } from './release-charges.ts';
import { loseSight, sendCharge, type Worked } from './send-charge.ts';
import { workThrough } from './work-through.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

const HOUR_MS = 3_600_000;

/** Does what is due with charges; any number of processes may do it at once. */
export async function chargeDue(
  deps: Deps,
  options: { signal?: AbortSignal; limit?: number } = {},
): Promise<ChargeReport> {
  const report: ChargeReport = {
    sent: 0,
    succeeded: 0,
    failed: 0,
    unknown: 0,
    waiting: 0,
    pastDue: 0,
  };
  await releaseCharges(deps);
  await workThrough({
    atOnce: deps.rules.charging.atOnce,
    limit: options.limit,
    signal: options.signal,
    claim: (count) => claimCharges(deps, deps.clock.now(), count),
    work: async (charge) => count(report, await workOn(deps, charge, report)),
    failed: (charge, error) =>
      deps.log.error({ err: error, chargeId: charge.id }, 'a charge could not be worked on'),
  });
  report.pastDue += await moveOnWaiting(deps);
  return report;
}

async function workOn(deps: Deps, charge: ChargeRecord, report: ChargeReport): Promise<Worked> {
  if (charge.status === 'planned' && !isKeyOld(deps, charge)) {
    report.sent += 1;
    const worked = await sendCharge(deps, charge);
    if (worked.outcome === 'back' || worked.outcome === 'cancelled') report.sent -= 1;
    if (worked.outcome === 'waiting' && worked.needsMethod) report.sent -= 1;
    return worked;
  }
  if (charge.status === 'planned' || charge.status === 'sending') {
    // The process that sent it is gone, or its key may be forgotten by now: ask first.
    const lost = charge.status === 'sending';
    return loseSight(deps, charge, lost ? 'Whoever sent it is gone.' : 'Its key is old.', 0);
  }
  return askCharge(deps, charge);
}

/** Providers forget keys: what may have left under an old one is asked after first. */
function isKeyOld(deps: Deps, charge: ChargeRecord): boolean {
  if (charge.sentAt === null) return false;
  const ageMs = deps.clock.now().getTime() - charge.sentAt.getTime();
  return ageMs >= deps.rules.charging.keyHours * HOUR_MS;
}

function count(report: ChargeReport, worked: Worked): void {
  if (worked.outcome === 'succeeded' || worked.outcome === 'surplus') report.succeeded += 1;
  if (worked.outcome === 'failed') report.failed += 1;
  if (worked.outcome === 'unknown') report.unknown += 1;
  if (!('needsMethod' in worked)) return;
  if (worked.needsMethod) report.waiting += 1;
  if (worked.pastDue) report.pastDue += 1;
}

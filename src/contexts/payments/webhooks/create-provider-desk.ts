import { forbidden, invalid } from '../../../platform/errors.ts';
import { isDatabaseUnavailable } from '../../../platform/postgres/database-errors.ts';
import { syncCharge } from '../charges/sync-charge.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { ProviderDesk } from '../payments.ts';
import { syncTransfer } from '../payouts/sync-transfer.ts';
import { refreshMethod } from '../people/refresh-method.ts';
import { type ProviderEvent, WebhookRefused } from '../provider/provider.ts';
import { syncDispute } from '../refunds/sync-dispute.ts';
import { syncRefund } from '../refunds/sync-refund.ts';
import { claimEvents, type EventGroup, markDone, markFailed, storeEvents } from './event-store.ts';

/** What is done about an object that the provider has told of. */
export type Sync = Readonly<
  Partial<
    Record<ProviderEvent['about'], (deps: PaymentsDependencies, ref: string) => Promise<void>>
  >
>;

const SYNC: Sync = {
  charge: syncCharge,
  refund: syncRefund,
  dispute: syncDispute,
  transfer: syncTransfer,
  method: refreshMethod,
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Events may appear in the provider's list a little after the moment they carry. */
const POLL_OVERLAP_MS = 60 * MINUTE_MS;
/** As long as Stripe keeps them: what the first look finds. */
const FIRST_POLL_MS = 30 * DAY_MS;
const STORED_AT_ONCE = 100;
const CLAIMED_AT_ONCE = 20;

/** Where the provider's hints arrive, by webhook or by asking for them, and are followed. */
export function createProviderDesk(deps: PaymentsDependencies, sync: Sync = SYNC): ProviderDesk {
  return {
    name: deps.provider.name,
    movesMoney: deps.provider.movesMoney,
    receiveWebhook: (rawBody, signature) => receiveWebhook(deps, rawBody, signature),
    processEvents: (options) => processEvents(deps, sync, options?.signal),
    pollEvents: (options) => pollEvents(deps, options?.signal),
    purge: (now) => purge(deps, now),
  };
}

async function receiveWebhook(
  deps: PaymentsDependencies,
  rawBody: Buffer,
  signature: string | undefined,
): Promise<{ duplicate: boolean }> {
  const event = readWebhook(deps, rawBody, signature);
  const stored = await storeEvents(deps, [event], 'webhook');
  return { duplicate: stored === 0 };
}

function readWebhook(
  deps: PaymentsDependencies,
  rawBody: Buffer,
  signature: string | undefined,
): ProviderEvent {
  try {
    return deps.provider.readWebhook(rawBody, signature, deps.clock.now());
  } catch (error) {
    if (!(error instanceof WebhookRefused)) throw error;
    if (error.reason === 'malformed') {
      throw invalid(error.message, [{ path: 'body', message: 'expected an event' }]);
    }
    throw forbidden('webhook_refused', error.message);
  }
}

/** Each object by itself: one that cannot be looked at keeps no other from it. */
async function processEvents(
  deps: PaymentsDependencies,
  sync: Sync,
  signal?: AbortSignal,
): Promise<{ done: number; failed: number }> {
  const report = { done: 0, failed: 0 };
  while (!signal?.aborted) {
    const groups = await claimEvents(deps, CLAIMED_AT_ONCE);
    if (groups.length === 0) break;
    const waiting = groups.values();
    const runners = Array.from({ length: deps.rules.charging.atOnce }, async () => {
      for (const group of waiting) await follow(deps, sync, group, report);
    });
    await Promise.all(runners);
  }
  return report;
}

async function follow(
  deps: PaymentsDependencies,
  sync: Sync,
  group: EventGroup,
  report: { done: number; failed: number },
): Promise<void> {
  try {
    await sync[group.about]?.(deps, group.objectRef);
    await markDone(deps, group.ids);
    report.done += group.ids.length;
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    deps.log.warn({ err: error, about: group.about, ref: group.objectRef }, 'event not followed');
    await markFailed(deps, group.ids, error);
    report.failed += group.ids.length;
  }
}

/** Asks for what was told since the last time; the place moves on when all of it is stored. */
async function pollEvents(
  deps: PaymentsDependencies,
  signal?: AbortSignal,
): Promise<{ found: number }> {
  const { db, provider } = deps;
  const startedAt = deps.clock.now();
  const last = await db
    .selectFrom('payments.provider_polls')
    .select('polled_until')
    .where('provider', '=', provider.name)
    .executeTakeFirst();
  const since = last
    ? new Date(last.polled_until.getTime() - POLL_OVERLAP_MS)
    : new Date(startedAt.getTime() - FIRST_POLL_MS);
  let found = 0;
  let batch: ProviderEvent[] = [];
  for await (const event of provider.listEvents(since)) {
    if (signal?.aborted) return { found };
    batch.push(event);
    if (batch.length < STORED_AT_ONCE) continue;
    found += await storeEvents(deps, batch, 'poll');
    batch = [];
  }
  found += await storeEvents(deps, batch, 'poll');
  await db
    .insertInto('payments.provider_polls')
    .values({ provider: provider.name, polled_until: startedAt })
    .onConflict((conflict) =>
      conflict
        .column('provider')
        .doUpdateSet({ polled_until: startedAt })
        .where('payments.provider_polls.polled_until', '<', startedAt),
    )
    .execute();
  return { found };
}

/** Payloads name people; what is still needed of an event stands beside them. */
async function purge(deps: PaymentsDependencies, now: Date): Promise<{ payloads: number }> {
  const before = new Date(now.getTime() - deps.rules.webhooks.payloadDays * DAY_MS);
  const result = await deps.db
    .updateTable('payments.provider_events')
    .set({ payload: null })
    .where('payload', 'is not', null)
    .where('received_at', '<', before)
    .executeTakeFirst();
  return { payloads: Number(result.numUpdatedRows) };
}

import { createStripeProvider } from '../../src/contexts/payments/stripe/index.ts';
import { createVirtualClock } from '../../src/platform/clock.ts';
import type { ProviderHarness } from '../provider-conformance.ts';
import { type StripeEmulator, startStripeEmulator } from './emulator.ts';
import type { Fault } from './faults.ts';
import { signWebhook } from './webhooks.ts';

export const WEBHOOK_SECRET = 'whsec_current';

const FAULTS = {
  'lost-before': { kind: 'cut', when: 'before' },
  'lost-after': { kind: 'cut', when: 'after' },
  'rate-limited': { kind: 'rate-limit' },
} satisfies { [mishap: string]: Fault };

const OUR_IDS = { charge: 'steward_charge', refund: 'steward_refund', transfer: 'steward_payout' };

export interface StripeHarness extends ProviderHarness {
  emulator: StripeEmulator;
}

/** Stripe's provider, spoken to over HTTP, with the emulator at the other end. */
export async function openStripeHarness(
  options: { secretKey?: string; webhookSecrets?: string[]; timeoutMs?: number } = {},
): Promise<StripeHarness> {
  const clock = createVirtualClock(new Date('2026-11-23T12:00:00Z'));
  const emulator = await startStripeEmulator({ frozenAt: clock.now() });
  const provider = await createStripeProvider({
    secretKey: options.secretKey ?? 'sk_test_harness',
    webhookSecrets: options.webhookSecrets ?? [WEBHOOK_SECRET],
    apiBase: emulator.url,
    currency: 'USD',
    clock,
    timeoutMs: options.timeoutMs ?? 5000,
  });
  return {
    provider,
    emulator,
    now: () => clock.now(),
    advance: async (milliseconds) => {
      clock.advance(milliseconds);
      await emulator.moveTo(clock.now());
    },
    useMethodPage: async (url, card) => void (await emulator.visit(url, card)),
    methodFromBrowser: (card) => emulator.makeMethod(card),
    useAccountPage: async (url) => void (await emulator.visit(url)),
    decideDispute: (ref, outcome) => emulator.closeDispute(ref, outcome),
    refundByHand: async (ref, amount) => void (await emulator.refundByHand(ref, Number(amount))),
    settleRefund: (ref, outcome) =>
      emulator.settleRefund(ref, outcome === 'failed' ? 'lost_or_stolen_card' : undefined),
    reverseTransfer: (ref) => emulator.reverseTransfer(ref),
    fund: (amount, currency) => emulator.topUp(Number(amount), currency),
    moved: (what, ourId) => emulator.count(what, { [OUR_IDS[what]]: ourId }),
    signWebhook: async (eventId) => {
      const event = (await emulator.events()).find(({ id }) => id === eventId);
      const body = JSON.stringify(event);
      const signature = signWebhook(
        body,
        [WEBHOOK_SECRET],
        Math.floor(clock.now().getTime() / 1000),
      );
      return { rawBody: Buffer.from(body), signature };
    },
    failNext: (mishap) => emulator.fail(FAULTS[mishap]),
    close: () => emulator.close(),
  };
}

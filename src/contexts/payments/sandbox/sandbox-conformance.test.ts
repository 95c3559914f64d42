import { sql } from 'kysely';
import { createPaymentsDatabase } from '../../../../test/database.ts';
import { describeProvider } from '../../../../test/provider-conformance.ts';
import { createVirtualClock } from '../../../platform/clock.ts';
import { createIds } from '../../../platform/ids.ts';
import type { AllTables } from '../dependencies.ts';
import type { ProviderEvent } from '../provider/provider.ts';
import { MONDAY } from '../testing.ts';
import { createSandboxProvider } from './create-sandbox-provider.ts';
import { decideDispute } from './disputes.ts';
import { refundByHand, settleRefund } from './refunds.ts';
import { submitSandboxPage } from './sandbox-page.ts';
import { reverseTransfer } from './transfers.ts';
import { signSandboxWebhook } from './webhook.ts';

const SOURCES = {
  charge: sql`select ref from sandbox.charges where charge_id = `,
  refund: sql`select ref from sandbox.refunds where refund_id = `,
  transfer: sql`select ref from sandbox.transfers where payout_id = `,
};

describeProvider('the sandbox', async () => {
  const { open } = await createPaymentsDatabase<AllTables>();
  const clock = createVirtualClock(MONDAY);
  const webhookSecret = 'a secret of this test';
  const publicUrl = 'http://127.0.0.1:3001';
  const db = open('steward_payments_worker');
  const box = { db, clock, ids: createIds(clock), publicUrl, webhookSecret };
  const provider = createSandboxProvider(box);
  const submit = async (url: string, choice: string) => {
    await submitSandboxPage(box, url.split('/').at(-1) ?? '', choice);
  };
  return {
    provider,
    now: () => clock.now(),
    advance: async (milliseconds) => clock.advance(milliseconds),
    useMethodPage: submit,
    methodFromBrowser: async (card) => card,
    useAccountPage: (url) => submit(url, 'ready'),
    decideDispute: async (ref, outcome) => void (await decideDispute(box, ref, outcome)),
    refundByHand: async (chargeRef, amountMinor) =>
      void (await refundByHand(box, { chargeRef, amountMinor, currency: 'USD' })),
    settleRefund: async (ref, outcome) => void (await settleRefund(box, ref, outcome)),
    reverseTransfer: async (ref) => void (await reverseTransfer(box, ref)),
    // The sandbox advances what is missing.
    fund: async () => undefined,
    moved: async (what, ourId) => {
      const { rows } = await sql`
        select from sandbox.balance where kind = ${what}
          and source_ref in (${SOURCES[what]}${ourId})`.execute(db);
      return rows.length;
    },
    signWebhook: async (eventId) => {
      let signed: ProviderEvent | undefined;
      for await (const event of provider.listEvents(new Date(0))) {
        if (event.id === eventId) signed = event;
      }
      if (!signed) throw new Error(`There is no event ${eventId}.`);
      return signSandboxWebhook(webhookSecret, signed, clock.now());
    },
    close: async () => undefined,
  };
});

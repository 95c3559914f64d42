import { expect, test } from 'vitest';
import {
  type BalanceEntry,
  type PaymentProvider,
  WebhookRefused,
} from '../src/contexts/payments/provider/provider.ts';
import {
  CURRENCY,
  dayBefore,
  MINUTE_MS,
  type Prepare,
  type ProviderHarness,
  RETURN_URL,
  readAll,
} from './provider-harness.ts';

export function refunds(prepare: Prepare) {
  test('a charge is refunded in parts, and never beyond its amount', async () => {
    const { harness, provider, charged, refundRequest } = await prepare();
    const { charge } = await charged();
    const part = await provider.refund(refundRequest(charge.ref, 4000n));
    expect(part).toMatchObject({
      refundId: 're1',
      chargeRef: charge.ref,
      state: 'succeeded',
      amountMinor: 4000n,
      currency: 'USD',
    });
    expect(await provider.refund(refundRequest(charge.ref, 4000n))).toEqual(part);
    expect(await harness.moved('refund', 're1')).toBe(1);
    const beyond = provider.refund(refundRequest(charge.ref, 6001n, 're2'));
    await expect(beyond).rejects.toMatchObject({ name: 'NotSent', reason: 'refused' });
    await provider.refund(refundRequest(charge.ref, 6000n, 're3'));
    const all = await provider.listRefunds(charge.ref);
    expect(all.map(({ refundId }) => refundId).sort()).toEqual(['re1', 're3']);
    expect(await provider.getRefund(part.ref)).toEqual(part);
    const query = { chargeRef: charge.ref, refundId: 're1' };
    expect(await provider.findRefund(query)).toEqual(part);
    expect(await provider.findRefund({ ...query, refundId: 're2' })).toBeNull();
  });

  test('a refund made by hand at the provider is listed without an id of ours', async () => {
    const { harness, provider, charged } = await prepare();
    const { charge } = await charged();
    await harness.refundByHand(charge.ref, 2500n);
    expect(await provider.listRefunds(charge.ref)).toMatchObject([
      { refundId: null, amountMinor: 2500n, state: 'succeeded' },
    ]);
  });

  test('a pending refund succeeds or fails later, and a failed one gives the money back', async () => {
    const { harness, provider, charged, refundRequest } = await prepare();
    const { charge } = await charged('pm_card_pendingRefund');
    const good = await provider.refund(refundRequest(charge.ref, 1000n, 're1'));
    const bad = await provider.refund(refundRequest(charge.ref, 2000n, 're2'));
    expect([good.state, bad.state]).toEqual(['pending', 'pending']);
    await harness.settleRefund(good.ref, 'succeeded');
    await harness.settleRefund(bad.ref, 'failed');
    expect(await provider.getRefund(good.ref)).toMatchObject({ state: 'succeeded' });
    const failed = await provider.getRefund(bad.ref);
    expect(failed?.state).toBe('failed');
    expect(failed?.failureCode).toEqual(expect.any(String));
  });

  test('a refund that is not there is not found', async () => {
    const { provider } = await prepare();
    expect(await provider.getRefund('re_nothing')).toBeNull();
  });
}

export function disputes(prepare: Prepare) {
  const disputeOf = async (harness: ProviderHarness) => {
    const { provider } = harness;
    const events = await readAll(provider.listEvents(dayBefore(harness)));
    const told = events.find(({ about }) => about === 'dispute');
    const dispute = await provider.getDispute(told?.objectRef ?? 'dp_nothing');
    if (!dispute) throw new Error('No event told of the dispute.');
    return dispute;
  };
  const kinds = async (provider: PaymentProvider, kind: BalanceEntry['kind'], until: Date) => {
    const to = new Date(until.getTime() + MINUTE_MS);
    const from = new Date(until.getTime() - 60 * MINUTE_MS);
    const entries = await readAll(provider.listBalance({ from, to }));
    return entries.filter((entry) => entry.kind === kind);
  };

  test.each(['won', 'lost'] as const)('a dispute takes the money until it is %s', async (end) => {
    const { harness, provider, charged } = await prepare();
    const { charge } = await charged('pm_card_createDispute');
    const dispute = await disputeOf(harness);
    expect(dispute).toMatchObject({
      chargeRef: charge.ref,
      state: 'open',
      reason: 'fraudulent',
      amountMinor: 10_000n,
      currency: 'USD',
    });
    expect(dispute.evidenceDueAt?.getTime()).toBeGreaterThan(harness.now().getTime());
    expect(await kinds(provider, 'dispute', harness.now())).toMatchObject([
      { amountMinor: -10_000n, sourceRef: dispute.ref },
    ]);
    await harness.decideDispute(dispute.ref, end);
    expect(await provider.getDispute(dispute.ref)).toMatchObject({ state: end });
    const returned = await kinds(provider, 'dispute-returned', harness.now());
    expect(returned.map((entry) => entry.amountMinor)).toEqual(end === 'won' ? [10_000n] : []);
  });

  test('an inquiry is a warning and moves nothing', async () => {
    const { harness, provider, charged } = await prepare();
    await charged('pm_card_createDisputeInquiry');
    expect(await disputeOf(harness)).toMatchObject({ state: 'warning' });
    expect(await kinds(provider, 'dispute', harness.now())).toEqual([]);
  });

  test('a dispute that is not there is not found', async () => {
    const { provider } = await prepare();
    expect(await provider.getDispute('dp_nothing')).toBeNull();
  });
}

export function transfers(prepare: Prepare) {
  test('a worker is paid once the account page has been gone through', async () => {
    const { harness, provider, transferRequest, since } = await prepare();
    await harness.fund(6000n, CURRENCY);
    const account = { idempotencyKey: 'account-w1', personKey: 'w1' };
    const { ref: accountRef } = await provider.createAccount(account);
    expect((await provider.createAccount(account)).ref).toBe(accountRef);
    expect(await provider.isAccountReady(accountRef)).toBe(false);
    const early = await provider.transfer(transferRequest(accountRef));
    expect(early).toMatchObject({ outcome: 'failed', code: expect.any(String) });
    const page = await provider.openAccountPage({ accountRef, returnUrl: RETURN_URL });
    expect(page.expiresAt.getTime()).toBeGreaterThan(harness.now().getTime());
    await harness.useAccountPage(page.url);
    expect(await provider.isAccountReady(accountRef)).toBe(true);

    const request = transferRequest(accountRef, 2);
    const paid = await provider.transfer(request);
    expect(await provider.transfer(request)).toEqual(paid);
    if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
    const { transfer } = paid;
    expect(transfer).toMatchObject({
      payoutId: 'po1',
      generation: 2,
      state: 'paid',
      amountMinor: 6000n,
      currency: 'USD',
    });
    expect(await harness.moved('transfer', 'po1')).toBe(1);
    expect(await provider.getTransfer(transfer.ref)).toEqual(transfer);
    const query = { payoutId: 'po1', generation: 2, since: since() };
    expect(await provider.findTransfer(query)).toEqual(transfer);
    expect(await provider.findTransfer({ ...query, generation: 1 })).toBeNull();
  });

  test('a transfer that is taken back says so', async () => {
    const { harness, provider, readyWorker, transferRequest } = await prepare();
    await harness.fund(6000n, CURRENCY);
    const paid = await provider.transfer(transferRequest(await readyWorker()));
    if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
    await harness.reverseTransfer(paid.transfer.ref);
    expect(await provider.getTransfer(paid.transfer.ref)).toMatchObject({ state: 'reversed' });
    expect(await provider.getTransfer('tr_nothing')).toBeNull();
  });
}

export function balanceAndEvents(prepare: Prepare) {
  test('the balance lists each movement, oldest first, with what moved', async () => {
    const { harness, provider, payer, chargeRequest, refundRequest, readyWorker, transferRequest } =
      await prepare();
    await harness.fund(6000n, CURRENCY);
    const by = await payer('pm_card_pendingRefund');
    const accountRef = await readyWorker();
    await harness.advance(24 * 60 * MINUTE_MS);
    const from = harness.now();
    const charge = await provider.charge(chargeRequest(by));
    await harness.advance(MINUTE_MS);
    const refund = await provider.refund(refundRequest(charge.ref, 3000n));
    await harness.advance(30 * 60 * MINUTE_MS);
    await harness.settleRefund(refund.ref, 'failed');
    await harness.advance(MINUTE_MS);
    const paid = await provider.transfer(transferRequest(accountRef));
    if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
    await harness.advance(MINUTE_MS);
    await harness.reverseTransfer(paid.transfer.ref);
    const to = harness.now();
    const entries = await readAll(provider.listBalance({ from, to }));
    const sourceRef = refund.ref;
    expect(entries).toMatchObject([
      { kind: 'charge', sourceRef: charge.ref, amountMinor: 10_000n, currency: 'USD' },
      { kind: 'refund', sourceRef, amountMinor: -3000n, feeMinor: 0n },
      { kind: 'refund-failed', sourceRef, amountMinor: 3000n, feeMinor: 0n },
      { kind: 'transfer', sourceRef: paid.transfer.ref, amountMinor: -6000n, feeMinor: 0n },
    ]);
    expect(entries[0]?.feeMinor).toBeGreaterThan(0n);
    const rest = await readAll(
      provider.listBalance({ from: to, to: new Date(to.getTime() + MINUTE_MS) }),
    );
    expect(rest).toMatchObject([
      { kind: 'transfer-reversed', sourceRef: paid.transfer.ref, amountMinor: 6000n },
    ]);
  });

  test('events hint at all that a webhook would have told, oldest first', async () => {
    const { harness, provider, payer, chargeRequest, refundRequest, readyWorker, transferRequest } =
      await prepare();
    const begun = since(harness);
    await harness.fund(6000n, CURRENCY);
    const by = await payer('pm_card_visa');
    const accountRef = await readyWorker();
    const charge = await provider.charge(chargeRequest(by));
    const refund = await provider.refund(refundRequest(charge.ref, 1000n));
    const paid = await provider.transfer(transferRequest(accountRef));
    if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
    const events = await readAll(provider.listEvents(begun));
    const hints = events.map(({ about, objectRef }) => `${about} ${objectRef}`);
    expect(hints).toEqual(
      expect.arrayContaining([
        `method ${by.customerRef}`,
        `account ${accountRef}`,
        `charge ${charge.ref}`,
        `refund ${refund.ref}`,
        `transfer ${paid.transfer.ref}`,
      ]),
    );
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(hints.indexOf(`charge ${charge.ref}`)).toBeLessThan(
      hints.indexOf(`refund ${refund.ref}`),
    );
    await harness.advance(10 * MINUTE_MS);
    expect(await readAll(provider.listEvents(since(harness)))).toEqual([]);
    await provider.charge(chargeRequest(by, { chargeId: 'ch2' }));
    const later = await readAll(provider.listEvents(since(harness)));
    expect(later.length).toBeGreaterThan(0);
    expect(later.length).toBeLessThan(events.length);
  });

  const since = (harness: ProviderHarness) => new Date(harness.now().getTime() - MINUTE_MS);
}

export function webhooks(prepare: Prepare) {
  const signedCharge = async () => {
    const { harness, provider, charged } = await prepare();
    const { charge } = await charged();
    const events = await readAll(provider.listEvents(dayBefore(harness)));
    const event = events.findLast(({ about }) => about === 'charge');
    if (!event) throw new Error('No event told of the charge.');
    return { harness, provider, charge, event, ...(await harness.signWebhook(event.id)) };
  };
  const refusal = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (error instanceof WebhookRefused) return error.reason;
      throw error;
    }
    return 'believed';
  };

  test('a signed webhook is the event that the list tells of', async () => {
    const { harness, provider, charge, event, rawBody, signature } = await signedCharge();
    const { id, type, about, objectRef, createdAt } = event;
    expect(provider.readWebhook(rawBody, signature, harness.now())).toMatchObject({
      id,
      type,
      about,
      objectRef,
      createdAt,
    });
    expect(objectRef).toBe(charge.ref);
  });

  test('a forged, changed, unsigned or old webhook is refused', async () => {
    const { harness, provider, rawBody, signature } = await signedCharge();
    const now = harness.now();
    const changed = Buffer.from(rawBody.toString().replace('charge', 'chargf'));
    expect(changed.equals(rawBody)).toBe(false);
    expect(refusal(() => provider.readWebhook(changed, signature, now))).toBe('signature_wrong');
    const forged = signature.replace(/v1=.{4}/, 'v1=0000');
    expect(refusal(() => provider.readWebhook(rawBody, forged, now))).toBe('signature_wrong');
    expect(refusal(() => provider.readWebhook(rawBody, undefined, now))).toBe('signature_missing');
    const justInTime = new Date(now.getTime() + 299_000);
    expect(refusal(() => provider.readWebhook(rawBody, signature, justInTime))).toBe('believed');
    const late = new Date(now.getTime() + 302_000);
    expect(refusal(() => provider.readWebhook(rawBody, signature, late))).toBe('too_old');
  });
}

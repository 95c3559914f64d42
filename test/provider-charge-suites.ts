import { expect, test } from 'vitest';
import { NotSent } from '../src/contexts/payments/provider/provider.ts';
import { CURRENCY, MINUTE_MS, type Prepare } from './provider-harness.ts';

export function customersAndMethods(prepare: Prepare) {
  test('a customer is made once for a key', async () => {
    const { newCustomer } = await prepare();
    expect(await newCustomer('c1')).toBe(await newCustomer('c1'));
    expect(await newCustomer('c2')).not.toBe(await newCustomer('c1'));
  });

  test('the method given last on the hosted page is the current one', async () => {
    const { harness, provider, newCustomer, givePageMethod } = await prepare();
    const customerRef = await newCustomer();
    expect(await provider.currentMethod(customerRef)).toBeNull();
    await givePageMethod(customerRef, 'pm_card_visa');
    const first = await provider.currentMethod(customerRef);
    expect(first).toMatchObject({ type: 'card', brand: 'visa', last4: '4242' });
    await harness.advance(MINUTE_MS);
    await givePageMethod(customerRef, 'pm_card_mastercard');
    const second = await provider.currentMethod(customerRef);
    expect(second).toMatchObject({ brand: 'mastercard', last4: '4444' });
    expect(second?.ref).not.toBe(first?.ref);
  });

  test('an attached method becomes the current one, until the page gives another', async () => {
    const { harness, provider, newCustomer, givePageMethod } = await prepare();
    const customerRef = await newCustomer();
    const early = await harness.methodFromBrowser('pm_card_visa');
    await givePageMethod(customerRef, 'pm_card_mastercard');
    const attached = await provider.attachMethod({
      idempotencyKey: 'attach-1',
      customerRef,
      methodRef: early,
    });
    expect(attached).toMatchObject({ brand: 'visa', last4: '4242' });
    expect((await provider.currentMethod(customerRef))?.ref).toBe(attached.ref);
    await givePageMethod(customerRef, 'pm_card_mastercard');
    expect(await provider.currentMethod(customerRef)).toMatchObject({ brand: 'mastercard' });
  });

  test('a method that is none is refused', async () => {
    const { provider, newCustomer } = await prepare();
    const customerRef = await newCustomer();
    const attach = provider.attachMethod({
      idempotencyKey: 'attach-1',
      customerRef,
      methodRef: 'pm_nothing',
    });
    await expect(attach).rejects.toMatchObject({ name: 'NotSent', reason: 'refused' });
  });
}

export function charges(prepare: Prepare) {
  test('a charge takes the money once, however often its key is sent', async () => {
    const { harness, provider, charged, since } = await prepare();
    const { request, charge } = await charged();
    expect(charge).toMatchObject({
      chargeId: 'ch1',
      state: 'succeeded',
      failure: null,
      amountMinor: 10_000n,
      currency: 'USD',
    });
    expect(Math.abs(charge.createdAt.getTime() - harness.now().getTime())).toBeLessThan(5000);
    expect(await provider.charge(request)).toEqual(charge);
    expect(await provider.getCharge(charge.ref)).toEqual(charge);
    const { customerRef, chargeId } = request;
    expect(await provider.findCharge({ customerRef, chargeId, since: since() })).toEqual(charge);
    expect(await harness.moved('charge', 'ch1')).toBe(1);
  });

  test('a key that comes with another amount takes nothing more', async () => {
    const { harness, provider, charged } = await prepare();
    const { request } = await charged();
    await expect(provider.charge({ ...request, amountMinor: 20_000n })).rejects.toThrow();
    expect(await harness.moved('charge', 'ch1')).toBe(1);
  });

  test.each([
    ['pm_card_chargeDeclined', 'soft', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'soft', 'insufficient_funds'],
    ['pm_card_chargeDeclinedProcessingError', 'soft', 'processing_error'],
    ['pm_card_chargeDeclinedExpiredCard', 'hard', 'expired_card'],
    ['pm_card_visa_chargeDeclinedLostCard', 'hard', 'lost_card'],
  ] as const)('%s fails %s with %s and takes nothing', async (card, kind, code) => {
    const { harness, provider, charged, since } = await prepare();
    const { request, charge } = await charged(card);
    expect(charge).toMatchObject({ state: 'failed', failure: { kind, code } });
    expect(await provider.charge(request)).toEqual(charge);
    const { customerRef, chargeId } = request;
    expect(await provider.findCharge({ customerRef, chargeId, since: since() })).toEqual(charge);
    expect(await harness.moved('charge', 'ch1')).toBe(0);
  });

  test('a charge that wants the customer takes nothing and can be cancelled', async () => {
    const { harness, provider, charged } = await prepare();
    const { charge } = await charged('pm_card_authenticationRequired');
    expect(charge).toMatchObject({ state: 'requires_action' });
    expect(await provider.cancelCharge(charge.ref)).toMatchObject({ state: 'cancelled' });
    expect(await provider.getCharge(charge.ref)).toMatchObject({ state: 'cancelled' });
    expect(await provider.cancelCharge(charge.ref)).toMatchObject({ state: 'cancelled' });
    expect(await harness.moved('charge', 'ch1')).toBe(0);
  });

  test('a charge that has succeeded is not cancelled', async () => {
    const { provider, charged } = await prepare();
    const { charge } = await charged();
    expect(await provider.cancelCharge(charge.ref)).toEqual(charge);
  });

  test('a second generation finds its own charge, not the failed one before it', async () => {
    const { provider, payer, chargeRequest, givePageMethod, since } = await prepare();
    const by = await payer('pm_card_chargeDeclined');
    await provider.charge(chargeRequest(by));
    await givePageMethod(by.customerRef, 'pm_card_visa');
    const methodRef = (await provider.currentMethod(by.customerRef))?.ref ?? '';
    const second = { ...by, methodRef };
    const charge = await provider.charge(chargeRequest(second, { chargeId: 'ch2' }));
    expect(charge.state).toBe('succeeded');
    const query = { customerRef: by.customerRef, since: since() };
    expect(await provider.findCharge({ ...query, chargeId: 'ch2' })).toEqual(charge);
    const first = await provider.findCharge({ ...query, chargeId: 'ch1' });
    expect(first?.state).toBe('failed');
  });

  test('what is not there is not found', async () => {
    const { provider, newCustomer, since } = await prepare();
    const customerRef = await newCustomer();
    const query = { customerRef, chargeId: 'ch1', since: since() };
    expect(await provider.findCharge(query)).toBeNull();
    expect(await provider.getCharge('pi_nothing')).toBeNull();
  });

  test('a method that is none and an amount that is too small are refused', async () => {
    const { harness, provider, payer, chargeRequest } = await prepare();
    const by = await payer('pm_card_visa');
    const refused = { name: 'NotSent', reason: 'refused' };
    const none = chargeRequest({ ...by, methodRef: 'pm_nothing' });
    await expect(provider.charge(none)).rejects.toMatchObject(refused);
    const amountMinor = provider.leastCharge(CURRENCY) - 1n;
    const small = chargeRequest(by, { chargeId: 'ch2', amountMinor });
    await expect(provider.charge(small)).rejects.toMatchObject(refused);
    expect(await harness.moved('charge', 'ch1')).toBe(0);
    expect(await harness.moved('charge', 'ch2')).toBe(0);
  });
}

export function mishaps(prepare: Prepare) {
  test('after a lost answer nobody knows, asking does, and the key still holds', async (context) => {
    const { harness, provider, payer, chargeRequest, since } = await prepare();
    if (!harness.failNext) return context.skip('Nothing stands between.');
    const request = chargeRequest(await payer('pm_card_visa'));
    await harness.failNext('lost-after');
    const lost = await provider.charge(request).catch((error: unknown) => error);
    expect(lost).toBeInstanceOf(Error);
    expect(lost).not.toBeInstanceOf(NotSent);
    const { customerRef, chargeId } = request;
    const found = await provider.findCharge({ customerRef, chargeId, since: since() });
    expect(found).toMatchObject({ state: 'succeeded', amountMinor: 10_000n });
    expect(await provider.charge(request)).toEqual(found);
    expect(await harness.moved('charge', 'ch1')).toBe(1);
  });

  test('a request that is lost on its way has no effect, and is not called "not sent"', async (context) => {
    const { harness, provider, payer, chargeRequest, since } = await prepare();
    if (!harness.failNext) return context.skip('Nothing stands between.');
    const request = chargeRequest(await payer('pm_card_visa'));
    await harness.failNext('lost-before');
    const lost = await provider.charge(request).catch((error: unknown) => error);
    expect(lost).toBeInstanceOf(Error);
    expect(lost).not.toBeInstanceOf(NotSent);
    const { customerRef, chargeId } = request;
    const query = { customerRef, chargeId, since: since() };
    expect(await provider.findCharge(query)).toBeNull();
    expect(await harness.moved('charge', 'ch1')).toBe(0);
  });

  test('a request that is one too many was not sent', async (context) => {
    const { harness, provider, payer, chargeRequest } = await prepare();
    if (!harness.failNext) return context.skip('Nothing stands between.');
    const request = chargeRequest(await payer('pm_card_visa'));
    await harness.failNext('rate-limited');
    await expect(provider.charge(request)).rejects.toMatchObject({ reason: 'rate_limited' });
    expect(await harness.moved('charge', 'ch1')).toBe(0);
    expect(await provider.charge(request)).toMatchObject({ state: 'succeeded' });
  });

  test('lost refunds and transfers are found again', async (context) => {
    const { harness, provider, charged, refundRequest, readyWorker, transferRequest, since } =
      await prepare();
    if (!harness.failNext) return context.skip('Nothing stands between.');
    const { charge } = await charged();
    await harness.failNext('lost-after');
    await expect(provider.refund(refundRequest(charge.ref, 1000n))).rejects.toThrow();
    const query = { chargeRef: charge.ref, refundId: 're1' };
    expect(await provider.findRefund(query)).toMatchObject({ amountMinor: 1000n });
    expect(await harness.moved('refund', 're1')).toBe(1);
    const accountRef = await readyWorker();
    await harness.fund(6000n, CURRENCY);
    await harness.failNext('lost-after');
    await expect(provider.transfer(transferRequest(accountRef))).rejects.toThrow();
    const found = await provider.findTransfer({ payoutId: 'po1', generation: 1, since: since() });
    expect(found).toMatchObject({ state: 'paid', amountMinor: 6000n });
    expect(await harness.moved('transfer', 'po1')).toBe(1);
  });
}

import type { Clock } from '../../../platform/clock.ts';
import {
  NotSent,
  type PaymentMethod,
  type PaymentProvider,
  type ProviderCharge,
  type ProviderDispute,
  type ProviderEvent,
  type ProviderRefund,
  WebhookRefused,
} from '../provider/provider.ts';

/**
 * What goes wrong with the next call: `rate-limited` and `refused` had no effect and say so;
 * `lost-before` and `lost-after` say nothing, without and with the effect; `kept-500` fails and is
 * answered again under the same key; `hang` never answers; `wrong` answers about something else.
 */
export type Fault =
  | 'rate-limited'
  | 'refused'
  | 'lost-before'
  | 'lost-after'
  | 'kept-500'
  | 'hang'
  | 'wrong';

/** How charges to a method of this name end. */
export type Behaviour = 'good' | 'poor' | 'stolen' | 'authenticate' | 'slow';

const KEY_MEMORY_MS = 24 * 3_600_000;

interface Kept {
  asked: string;
  answer: unknown;
  failed: boolean;
  at: number;
}

/** A provider in memory for tests of rare faults: what is in it is the outside truth. */
export function createScriptedProvider(clock: Clock) {
  const charges = new Map<string, ProviderCharge & { customerRef: string }>();
  const refunds = new Map<string, ProviderRefund>();
  const disputes = new Map<string, ProviderDispute>();
  const methods = new Map<string, PaymentMethod>();
  const customers = new Map<string, string>();
  const events: ProviderEvent[] = [];
  const keys = new Map<string, Kept>();
  const faults: { call: keyof PaymentProvider; fault: Fault }[] = [];
  const calls: { call: string; key: string | null }[] = [];
  let count = 0;
  const newRef = (kind: string) => {
    count += 1;
    return `${kind}_${count}`;
  };

  const tell = (about: ProviderEvent['about'], objectRef: string | null, type: string) => {
    const id = newRef('evt');
    events.push({ id, type, about, objectRef, createdAt: clock.now(), payload: { id, type } });
  };

  const nextFault = (call: keyof PaymentProvider) => {
    const index = faults.findIndex((one) => one.call === call);
    return index < 0 ? null : (faults.splice(index, 1)[0]?.fault ?? null);
  };

  const withKey = async <T>(
    call: keyof PaymentProvider,
    key: string,
    request: object,
    act: () => T,
  ): Promise<T> => {
    calls.push({ call, key });
    const fault = nextFault(call);
    if (fault === 'rate-limited') throw new NotSent('rate_limited', 'Too many requests.');
    if (fault === 'refused') throw new NotSent('refused', 'No such thing.', 'resource_missing');
    if (fault === 'lost-before') throw new Error('socket hang up');
    if (fault === 'hang') await new Promise(() => undefined);
    const asked = JSON.stringify(request, (_, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    const now = clock.now().getTime();
    const kept = keys.get(key);
    if (kept && now - kept.at < KEY_MEMORY_MS) {
      if (kept.asked !== asked) throw new NotSent('refused', 'Other request.', 'idempotency_error');
      if (kept.failed) throw new Error('500 Internal Server Error');
      return kept.answer as T;
    }
    if (fault === 'kept-500') {
      keys.set(key, { asked, answer: null, failed: true, at: now });
      throw new Error('500 Internal Server Error');
    }
    const answer = structuredClone(act());
    keys.set(key, { asked, answer, failed: false, at: now });
    if (fault === 'lost-after') throw new Error('socket hang up');
    if (fault === 'wrong') return { ...answer, chargeId: 'something-else', refundId: 'else' };
    return answer;
  };

  const look = async <T>(call: keyof PaymentProvider, read: () => T): Promise<T> => {
    calls.push({ call, key: null });
    const fault = nextFault(call);
    if (fault === 'hang') await new Promise(() => undefined);
    if (fault !== null) throw new Error('socket hang up');
    return structuredClone(read());
  };

  const decideCharge = (charge: ProviderCharge, behaviour: string) => {
    const outcomes: Record<string, Pick<ProviderCharge, 'state' | 'failure'>> = {
      good: { state: 'succeeded', failure: null },
      poor: { state: 'failed', failure: { kind: 'soft', code: 'insufficient_funds' } },
      stolen: { state: 'failed', failure: { kind: 'hard', code: 'stolen_card' } },
      authenticate: { state: 'requires_action', failure: null },
      slow: { state: 'processing', failure: null },
    };
    return Object.assign(charge, outcomes[behaviour] ?? outcomes.good);
  };

  const provider: PaymentProvider = {
    name: 'sandbox',
    movesMoney: false,
    chargeStep: () => 1n,
    leastCharge: () => 50n,
    createCustomer: (request) =>
      withKey('createCustomer', request.idempotencyKey, request, () => {
        const ref = newRef('cus');
        customers.set(ref, request.personKey);
        return { ref };
      }),
    openMethodPage: (request) =>
      withKey('openMethodPage', request.idempotencyKey, request, () => ({
        url: `https://pages.example/${request.customerRef}`,
        expiresAt: new Date(clock.now().getTime() + 3_600_000),
      })),
    attachMethod: (request) =>
      withKey('attachMethod', request.idempotencyKey, request, () =>
        world.giveMethod(request.customerRef, request.methodRef),
      ),
    currentMethod: (ref) => look('currentMethod', () => methods.get(ref) ?? null),
    charge: (request) =>
      withKey('charge', request.idempotencyKey, request, () => {
        const charge = {
          ref: newRef('pay'),
          chargeId: request.chargeId,
          customerRef: request.customerRef,
          state: 'processing' as const,
          failure: null,
          amountMinor: request.amountMinor,
          currency: request.currency,
          createdAt: clock.now(),
        };
        decideCharge(charge, request.methodRef.split('-')[0] ?? '');
        charges.set(charge.ref, charge);
        tell('charge', charge.ref, 'charge.updated');
        return charge;
      }),
    findCharge: (query) =>
      look(
        'findCharge',
        () =>
          [...charges.values()].findLast(
            (one) =>
              one.chargeId === query.chargeId &&
              one.customerRef === query.customerRef &&
              one.createdAt >= query.since,
          ) ?? null,
      ),
    getCharge: (ref) => look('getCharge', () => charges.get(ref) ?? null),
    cancelCharge: (ref) =>
      look('cancelCharge', () => {
        const charge = charges.get(ref);
        if (!charge) throw new Error(`No charge ${ref}.`);
        if (charge.state === 'requires_action' || charge.state === 'processing') {
          charge.state = 'cancelled';
          tell('charge', ref, 'charge.cancelled');
        }
        return charge;
      }),
    refund: (request) =>
      withKey('refund', request.idempotencyKey, request, () => {
        const charge = charges.get(request.chargeRef);
        const left = charge && charge.amountMinor - world.refunded(charge.ref);
        if (charge?.state !== 'succeeded' || (left ?? 0n) < request.amountMinor) {
          throw new NotSent('refused', 'Nothing left.', 'charge_already_refunded');
        }
        return world.addRefund(charge.ref, request.amountMinor, request.refundId);
      }),
    findRefund: (query) =>
      look(
        'findRefund',
        () => [...refunds.values()].find((one) => one.refundId === query.refundId) ?? null,
      ),
    getRefund: (ref) => look('getRefund', () => refunds.get(ref) ?? null),
    listRefunds: (ref) =>
      look('listRefunds', () => [...refunds.values()].filter((one) => one.chargeRef === ref)),
    getDispute: (ref) => look('getDispute', () => disputes.get(ref) ?? null),
    createAccount: (request) =>
      withKey('createAccount', request.idempotencyKey, request, () => ({ ref: newRef('acct') })),
    openAccountPage: (request) =>
      look('openAccountPage', () => ({
        url: `https://pages.example/${request.accountRef}`,
        expiresAt: new Date(clock.now().getTime() + 3_600_000),
      })),
    isAccountReady: () => look('isAccountReady', () => true),
    transfer: () => Promise.reject(new Error('There are no transfers here.')),
    findTransfer: () => Promise.resolve(null),
    getTransfer: () => Promise.resolve(null),
    listBalance: async function* () {},
    listEvents: async function* (since) {
      calls.push({ call: 'listEvents', key: null });
      for (const event of [...events]) if (event.createdAt >= since) yield event;
    },
    readWebhook: (rawBody, signature) => {
      if (signature === undefined) throw new WebhookRefused('signature_missing', 'No signature.');
      if (signature !== 'good') throw new WebhookRefused('signature_wrong', 'Wrong signature.');
      const found = events.find((event) => event.id === rawBody.toString());
      if (!found) throw new WebhookRefused('malformed', 'The body is no event.');
      return found;
    },
  };

  const world = {
    provider,
    charges,
    refunds,
    disputes,
    customers,
    events,
    calls,
    /** The next call of this name goes wrong so. */
    fail(call: keyof PaymentProvider, ...wanted: Fault[]) {
      faults.push(...wanted.map((fault) => ({ call, fault })));
    },
    /** The customer gave a method on the provider's page: named as it behaves, `good-1`. */
    giveMethod(customerRef: string, ref: string): PaymentMethod {
      const method: PaymentMethod = {
        ref,
        type: 'card',
        brand: 'visa',
        last4: '4242',
        expiresMonth: 12,
        expiresYear: 2030,
      };
      methods.set(customerRef, method);
      tell('method', customerRef, 'method.given');
      return method;
    },
    takeMethod(customerRef: string) {
      methods.delete(customerRef);
      tell('method', customerRef, 'method.gone');
    },
    /** What becomes of a charge later, or by hand at the provider. */
    settle(ref: string, behaviour: Behaviour) {
      const charge = charges.get(ref);
      if (!charge) throw new Error(`No charge ${ref}.`);
      decideCharge(charge, behaviour);
      tell('charge', ref, 'charge.updated');
    },
    refunded: (chargeRef: string) =>
      [...refunds.values()]
        .filter((one) => one.chargeRef === chargeRef && one.state !== 'failed')
        .reduce((sum, one) => sum + one.amountMinor, 0n),
    addRefund(chargeRef: string, amountMinor: bigint, refundId: string | null): ProviderRefund {
      const refund: ProviderRefund = {
        ref: newRef('re'),
        refundId,
        chargeRef,
        state: 'succeeded',
        failureCode: null,
        amountMinor,
        currency: 'USD',
        createdAt: clock.now(),
      };
      refunds.set(refund.ref, refund);
      tell('refund', refund.ref, 'refund.updated');
      return refund;
    },
    settleRefund(ref: string, state: ProviderRefund['state']) {
      const refund = refunds.get(ref);
      if (!refund) throw new Error(`No refund ${ref}.`);
      Object.assign(refund, { state, failureCode: state === 'failed' ? 'lost_or_stolen' : null });
      tell('refund', ref, 'refund.updated');
    },
    setDispute(dispute: Omit<ProviderDispute, 'currency' | 'createdAt' | 'evidenceDueAt'>) {
      disputes.set(dispute.ref, {
        currency: 'USD',
        createdAt: clock.now(),
        evidenceDueAt: null,
        ...dispute,
      });
      tell('dispute', dispute.ref, 'dispute.updated');
    },
    /** Charges of an invoice's attempts that took money. */
    successes: (chargeIds: readonly string[]) =>
      [...charges.values()].filter(
        (one) => chargeIds.includes(one.chargeId) && one.state === 'succeeded',
      ),
  };
  return world;
}

export type ScriptedProvider = ReturnType<typeof createScriptedProvider>;

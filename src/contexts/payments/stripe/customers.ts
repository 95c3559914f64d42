import type Stripe from 'stripe';
import { z } from 'zod';
import { NotSent, type PaymentMethod, type PaymentProvider } from '../provider/provider.ts';
import type { StripeClient } from './client.ts';

type Customers = Pick<
  PaymentProvider,
  'createCustomer' | 'openMethodPage' | 'attachMethod' | 'currentMethod'
>;

const PERSON = 'steward_person';
/**
 * The newest method when {@link Customers.attachMethod} last made a default, and when that one was
 * made: what is newer came later over a hosted page, which makes no default.
 */
const NEWEST_ID = 'steward_newest_method';
const NEWEST_AT = 'steward_newest_method_at';

const customer = z.object({
  id: z.string(),
  object: z.literal('customer'),
  metadata: z.record(z.string(), z.string()),
  invoice_settings: z.object({ default_payment_method: z.string().nullable() }),
});

const deletedCustomer = z.object({
  id: z.string(),
  object: z.literal('customer'),
  deleted: z.literal(true),
});

const digits = z.object({
  brand: z.string().nullish(),
  last4: z.string().nullish(),
  exp_month: z.int().nullish(),
  exp_year: z.int().nullish(),
});

const method = z.looseObject({
  id: z.string(),
  object: z.literal('payment_method'),
  created: z.int(),
  customer: z.string().nullable(),
  type: z.string(),
});
type Method = z.infer<typeof method>;

/** Each type keeps its own fields below its own name. */
function toMethod(found: Method): PaymentMethod {
  const own = digits.safeParse(found[found.type]).data;
  return {
    ref: found.id,
    type: found.type,
    brand: own?.brand ?? null,
    last4: own?.last4 ?? null,
    expiresMonth: own?.exp_month ?? null,
    expiresYear: own?.exp_year ?? null,
  };
}

const session = z.object({
  id: z.string(),
  object: z.literal('checkout.session'),
  url: z.url(),
  expires_at: z.int(),
});

/** @param currency decides which payment methods the hosted page can offer */
export function stripeCustomers(client: StripeClient, currency: string): Customers {
  const { stripe } = client;
  return {
    async createCustomer({ idempotencyKey, personKey, name, email }) {
      const about: Stripe.CustomerCreateParams = { metadata: { [PERSON]: personKey } };
      if (name) about.name = name.slice(0, LONGEST_NAME);
      if (email) about.email = email;
      const made = await client.send('create customer', customer, idempotencyKey, (options) =>
        stripe.customers.create(about, options),
      );
      return { ref: made.id };
    },
    async openMethodPage({ idempotencyKey, customerRef, returnUrl }) {
      const page = await client.send('open method page', session, idempotencyKey, (options) =>
        stripe.checkout.sessions.create(
          {
            mode: 'setup',
            currency: currency.toLowerCase(),
            customer: customerRef,
            success_url: returnUrl,
            cancel_url: returnUrl,
          },
          options,
        ),
      );
      return { url: page.url, expiresAt: new Date(page.expires_at * 1000) };
    },
    attachMethod: (request) => attachMethod(client, request),
    async currentMethod(customerRef) {
      const found = await currentMethod(client, customerRef);
      return found && toMethod(found);
    },
  };
}

const LONGEST_NAME = 256;

async function attachMethod(
  client: StripeClient,
  { idempotencyKey, customerRef, methodRef }: Parameters<Customers['attachMethod']>[0],
): Promise<PaymentMethod> {
  const { stripe } = client;
  const ours = method.refine((found) => found.customer === customerRef, 'attached to nobody');
  const attached = await client.send('attach method', ours, idempotencyKey, (options) =>
    stripe.paymentMethods.attach(methodRef, { customer: customerRef }, options),
  );
  const newest = (await newestMethod(client, customerRef)) ?? attached;
  await client.send('set default method', customer, `${idempotencyKey}-default`, (options) =>
    stripe.customers.update(
      customerRef,
      {
        invoice_settings: { default_payment_method: attached.id },
        metadata: { [NEWEST_ID]: newest.id, [NEWEST_AT]: String(newest.created) },
      },
      options,
    ),
  );
  return toMethod(attached);
}

async function newestMethod(client: StripeClient, customerRef: string): Promise<Method | null> {
  const methods = client.list('list methods', method, (at, options) =>
    client.stripe.customers.listPaymentMethods(customerRef, at, options),
  );
  for await (const found of methods) return found;
  return null;
}

async function currentMethod(client: StripeClient, customerRef: string): Promise<Method | null> {
  const { stripe } = client;
  const either = z.union([deletedCustomer, customer]);
  const owner = await client.read('get customer', either, (options) =>
    stripe.customers.retrieve(customerRef, {}, options),
  );
  if (!owner || 'deleted' in owner) {
    throw new NotSent('refused', `Stripe has no customer ${customerRef}.`, 'resource_missing');
  }
  const newest = await newestMethod(client, customerRef);
  const chosen = owner.invoice_settings.default_payment_method;
  if (!newest || !chosen || newest.id === chosen) return newest;
  const standard = await client.read('get method', method, (options) =>
    stripe.paymentMethods.retrieve(chosen, {}, options),
  );
  if (!standard) return newest;
  const seenAt = Number(owner.metadata[NEWEST_AT] ?? standard.created);
  const cameLater = newest.created >= seenAt && newest.id !== owner.metadata[NEWEST_ID];
  return cameLater ? newest : standard;
}

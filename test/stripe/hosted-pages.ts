import type Stripe from 'stripe';
import { TEST_METHODS } from './cards.ts';
import { attachTo, makeMethod } from './customers.ts';
import { badParameter, missing, refused } from './errors.ts';
import { type Fields, given, metadata, text, type Values } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

const SESSION_CREATE = {
  allowed_payment_method_types: { kind: 'strings' },
  cancel_url: { kind: 'url' },
  client_reference_id: { kind: 'string', max: 200 },
  currency: { kind: 'string' },
  customer: { kind: 'string' },
  expires_at: { kind: 'integer' },
  metadata: { kind: 'metadata' },
  mode: { kind: 'enum', values: ['payment', 'setup', 'subscription'] },
  setup_intent_data: {
    kind: 'object',
    fields: { description: { kind: 'string' }, metadata: { kind: 'metadata' } },
  },
  success_url: { kind: 'url' },
} satisfies Fields<Stripe.Checkout.SessionCreateParams>;

const DAY_SECONDS = 24 * 60 * 60;

function createSession(world: World, values: Values) {
  if (text(values, 'mode') !== 'setup') {
    throw badParameter('', 'mode', 'This emulator knows Checkout in setup mode only.');
  }
  const types = values.allowed_payment_method_types;
  const currency = text(values, 'currency');
  if (!currency && !types) {
    throw badParameter('parameter_missing', 'currency', 'Missing required param: currency.');
  }
  const successUrl = text(values, 'success_url');
  if (!successUrl) {
    throw badParameter('parameter_missing', 'success_url', 'Missing required param: success_url.');
  }
  const customer = text(values, 'customer');
  if (customer) world.customers.get(customer, 'customer');
  const setup = makeSetupIntent(world, customer ?? null);
  const id = world.id('cs_test');
  // Of the real object's fields those that mean something for a setup.
  const session = {
    id,
    object: 'checkout.session',
    allowed_payment_method_types: null,
    amount_subtotal: null,
    amount_total: null,
    cancel_url: text(values, 'cancel_url') ?? null,
    client_reference_id: text(values, 'client_reference_id') ?? null,
    created: world.now(),
    currency: currency ?? null,
    customer: customer ?? null,
    customer_account: null,
    expires_at: (values.expires_at as number | undefined) ?? world.now() + DAY_SECONDS,
    livemode: false,
    metadata: metadata(values),
    mode: 'setup',
    payment_intent: null,
    payment_method_types: ['card'],
    payment_status: 'no_payment_required',
    setup_intent: setup.id,
    status: 'open',
    success_url: successUrl,
    ui_mode: 'hosted_page',
    url: `https://checkout.stripe.com/c/pay/${id}`,
  } satisfies Partial<Stripe.Checkout.Session>;
  return world.sessions.add(session as unknown as Stripe.Checkout.Session);
}

function makeSetupIntent(world: World, customer: string | null): Stripe.SetupIntent {
  const id = world.id('seti');
  const setup: Stripe.SetupIntent = world.setupIntents.add({
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${world.id('s')}`,
    created: world.now(),
    customer,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: 'off_session',
  });
  world.emit('setup_intent.created', setup);
  return setup;
}

const SETUP_CREATE = {
  automatic_payment_methods: {
    kind: 'object',
    fields: { enabled: { kind: 'boolean', required: true } },
  },
  customer: { kind: 'string' },
  description: { kind: 'string' },
  metadata: { kind: 'metadata' },
  usage: { kind: 'enum', values: ['off_session', 'on_session'] },
} satisfies Fields<Stripe.SetupIntentCreateParams>;

/** What the page does when a person has typed in the card behind a test token. */
function completeSetup(world: World, setup: Stripe.SetupIntent, token: string): string {
  const behaviour = TEST_METHODS[token];
  if (!behaviour) throw missing('PaymentMethod', token, 'card');
  const method = makeMethod(world, behaviour);
  if (typeof setup.customer === 'string') attachTo(world, method, setup.customer);
  setup.payment_method = method.id;
  setup.status = 'succeeded';
  world.emit('setup_intent.succeeded', setup);
  return method.id;
}

/**
 * A person opens a page and goes through with it.
 * @param url of the page, or a SetupIntent's id, for pages of our own with the provider's script
 * @param token the test card that is typed in; of no meaning on an account page
 */
export function visitPage(world: World, url: string, token: string): { id: string } {
  const setup = world.setupIntents.find(url);
  if (setup) return { id: completeSetup(world, setup, token) };
  const session = world.sessions.rows.find((row) => row.url === url || row.id === url);
  if (session) {
    const alive = session.status === 'open' && world.now() < session.expires_at;
    if (!alive) throw refused('session_expired', `The page ${url} is no longer open.`);
    const setupOf = world.setupIntents.get(String(session.setup_intent), 'setup_intent');
    const id = completeSetup(world, setupOf, token);
    session.status = 'complete';
    session.url = null;
    world.emit('checkout.session.completed', session);
    return { id };
  }
  const opened = world.accountLinks.get(url);
  if (!opened) throw missing('page', url, 'url');
  world.accountLinks.delete(url);
  if (world.now() >= opened.link.expires_at) {
    throw refused('link_expired', `The page ${url} is no longer open.`);
  }
  const account = world.accounts.get(opened.account, 'account');
  account.capabilities = { ...account.capabilities, transfers: 'active' };
  account.details_submitted = true;
  account.payouts_enabled = true;
  world.emit('account.updated', account);
  return { id: account.id };
}

export const hostedPageEndpoints: Endpoint[] = [
  { method: 'POST', path: '/v1/checkout/sessions', fields: SESSION_CREATE, run: createSession },
  {
    method: 'GET',
    path: '/v1/checkout/sessions/:id',
    fields: {},
    run: (world, _values, id) => world.sessions.get(id, 'id'),
  },
  {
    method: 'POST',
    path: '/v1/setup_intents',
    fields: SETUP_CREATE,
    run: (world, values) => {
      const customer = text(values, 'customer');
      if (customer) world.customers.get(given(values, 'customer'), 'customer');
      return makeSetupIntent(world, customer ?? null);
    },
  },
  {
    method: 'GET',
    path: '/v1/setup_intents/:id',
    fields: {},
    run: (world, _values, id) => world.setupIntents.get(id, 'id'),
  },
];

import type Stripe from 'stripe';
import { type Behaviour, TEST_METHODS } from './cards.ts';
import { ApiError, badParameter, missing, refused } from './errors.ts';
import { listPage, PAGING } from './lists.ts';
import { below, type Fields, given, metadata, text, type Values } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

const CUSTOMER = {
  description: { kind: 'string', max: 350 },
  email: { kind: 'string', max: 512 },
  invoice_settings: {
    kind: 'object',
    fields: { default_payment_method: { kind: 'string' } },
  },
  metadata: { kind: 'metadata' },
  name: { kind: 'string', max: 256 },
  phone: { kind: 'string', max: 20 },
} satisfies Fields<Stripe.CustomerUpdateParams>;

const CUSTOMER_CREATE = {
  ...CUSTOMER,
  payment_method: { kind: 'string' },
} satisfies Fields<Stripe.CustomerCreateParams>;

function createCustomer(world: World, values: Values): Stripe.Customer {
  const customer: Stripe.Customer = world.customers.add({
    id: world.id('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: world.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: text(values, 'description') ?? null,
    discount: null,
    email: text(values, 'email') ?? null,
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: metadata(values),
    name: text(values, 'name') ?? null,
    phone: text(values, 'phone') ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  });
  const method = text(values, 'payment_method');
  if (method) attach(world, method, customer.id);
  setDefaultMethod(world, customer, values);
  world.emit('customer.created', customer);
  return customer;
}

function updateCustomer(world: World, values: Values, id: string): Stripe.Customer {
  const customer = world.customers.get(id, 'id');
  setDefaultMethod(world, customer, values);
  customer.name = text(values, 'name') ?? customer.name;
  customer.email = text(values, 'email') ?? customer.email;
  customer.phone = text(values, 'phone') ?? customer.phone;
  customer.description = text(values, 'description') ?? customer.description;
  customer.metadata = { ...customer.metadata, ...metadata(values) };
  world.emit('customer.updated', customer);
  return customer;
}

function setDefaultMethod(world: World, customer: Stripe.Customer, values: Values): void {
  const id = text(below(values, 'invoice_settings') ?? {}, 'default_payment_method');
  if (!id) return;
  const param = 'invoice_settings[default_payment_method]';
  const method = world.paymentMethods.get(id, param);
  if (method.customer !== customer.id) {
    throw refused(
      'resource_missing',
      `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
      param,
    );
  }
  customer.invoice_settings.default_payment_method = id;
}

/** A payment method that behaves like one of the test cards; not attached to anybody yet. */
export function makeMethod(world: World, behaviour: Behaviour): Stripe.PaymentMethod {
  const { brand, last4 } = behaviour;
  const address = {
    city: null,
    country: null,
    line1: null,
    line2: null,
    postal_code: null,
    state: null,
  };
  const method: Stripe.PaymentMethod = {
    id: world.id('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address, email: null, name: null, phone: null, tax_id: null },
    created: world.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: behaviour.type,
  };
  if (behaviour.type === 'card') {
    method.card = {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      display_brand: brand,
      exp_month: 12,
      exp_year: new Date(world.clock.milliseconds()).getUTCFullYear() + 2,
      fingerprint: `fingerprint${last4}`,
      funding: 'credit',
      generated_from: null,
      last4,
      networks: { available: [brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    };
  } else {
    method.us_bank_account = {
      account_holder_type: 'individual',
      account_type: 'checking',
      bank_name: brand,
      financial_connections_account: null,
      fingerprint: `fingerprint${last4}`,
      last4,
      networks: { preferred: 'ach', supported: ['ach'] },
      routing_number: '110000000',
      status_details: {},
    };
  }
  world.behaviours.set(method.id, behaviour);
  return world.paymentMethods.add(method);
}

/** As the API does it: cards that would be declined are refused here already. */
function attach(world: World, token: string, customerId: string): Stripe.PaymentMethod {
  const behaviour = TEST_METHODS[token];
  world.customers.get(customerId, 'customer');
  const method = behaviour ? makeMethod(world, behaviour) : world.paymentMethods.find(token);
  if (!method) throw missing('PaymentMethod', token, 'payment_method');
  const known = world.behaviours.get(method.id);
  if (known?.refusedWhenAttached && known.charge.outcome === 'declined') {
    const { code, declineCode, message } = known.charge;
    throw new ApiError(402, { type: 'card_error', code, decline_code: declineCode, message }, true);
  }
  if (method.customer && method.customer !== customerId) {
    throw refused(
      'payment_method_unexpected_state',
      'The payment method you provided has already been attached to a customer.',
    );
  }
  return attachTo(world, method, customerId);
}

/** Attaches whatever the card's behaviour: as the hosted page does with a card good until then. */
export function attachTo(world: World, method: Stripe.PaymentMethod, customerId: string) {
  method.customer = customerId;
  world.emit('payment_method.attached', method);
  return method;
}

function detach(world: World, _values: Values, id: string): Stripe.PaymentMethod {
  const method = world.paymentMethods.get(id, 'id');
  const customerId = method.customer;
  if (typeof customerId !== 'string') {
    throw refused('payment_method_unexpected_state', 'The payment method is not attached.');
  }
  method.customer = null;
  const customer = world.customers.get(customerId, 'customer');
  if (customer.invoice_settings.default_payment_method === id) {
    customer.invoice_settings.default_payment_method = null;
  }
  world.emit('payment_method.detached', method, { customer: customerId });
  return method;
}

const METHOD_LIST = {
  ...PAGING,
  customer: { kind: 'string' },
  type: { kind: 'string' },
} satisfies Fields<Stripe.PaymentMethodListParams>;

function listMethods(world: World, values: Values, url: string, customer: string) {
  const type = text(values, 'type');
  return listPage(
    world.paymentMethods,
    values,
    url,
    (row) => row.customer === customer && (type === undefined || row.type === type),
  );
}

export const customerEndpoints: Endpoint[] = [
  { method: 'POST', path: '/v1/customers', fields: CUSTOMER_CREATE, run: createCustomer },
  { method: 'POST', path: '/v1/customers/:id', fields: CUSTOMER, run: updateCustomer },
  {
    method: 'GET',
    path: '/v1/customers/:id',
    fields: {},
    run: (world, _values, id) => world.customers.get(id, 'id'),
  },
  {
    method: 'GET',
    path: '/v1/customers/:id/payment_methods',
    fields: { ...PAGING, type: { kind: 'string' } },
    run: (world, values, id) => {
      world.customers.get(id, 'id');
      return listMethods(world, values, `/v1/customers/${id}/payment_methods`, id);
    },
  },
  {
    method: 'GET',
    path: '/v1/payment_methods',
    fields: METHOD_LIST,
    run: (world, values) => {
      const customer = text(values, 'customer');
      if (!customer) throw badParameter('parameter_missing', 'customer', 'Missing: customer.');
      world.customers.get(customer, 'customer');
      return listMethods(world, values, '/v1/payment_methods', customer);
    },
  },
  {
    method: 'GET',
    path: '/v1/payment_methods/:id',
    fields: {},
    run: (world, _values, id) => world.paymentMethods.get(id, 'id'),
  },
  {
    method: 'POST',
    path: '/v1/payment_methods/:id/attach',
    fields: {
      customer: { kind: 'string', required: true },
    } satisfies Fields<Stripe.PaymentMethodAttachParams>,
    run: (world, values, id) => attach(world, id, given(values, 'customer')),
  },
  { method: 'POST', path: '/v1/payment_methods/:id/detach', fields: {}, run: detach },
];

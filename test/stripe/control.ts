import { recordMovement } from './balance.ts';
import { TEST_METHODS } from './cards.ts';
import { reverseTransfer } from './connect.ts';
import { attachTo, makeMethod } from './customers.ts';
import { closeDispute, openDispute } from './disputes.ts';
import { missing } from './errors.ts';
import type { Fault, Faults } from './faults.ts';
import { visitPage } from './hosted-pages.ts';
import type { Values } from './parameters.ts';
import { settlePayment } from './payment-intents.ts';
import { createRefund, settleRefund } from './refunds.ts';
import type { WebhookSender } from './webhooks.ts';
import type { World } from './world.ts';

/** What the control routes reach. */
export interface Controlled {
  world: World;
  faults: Faults;
  webhooks: WebhookSender;
}

type Body = { [name: string]: unknown };
type Run = (on: Controlled, body: Body, id: string) => unknown;

const word = (body: Body, name: string) => String(body[name] ?? '');
const optional = (body: Body, name: string) =>
  typeof body[name] === 'string' ? (body[name] as string) : undefined;
const amountIn = (body: Body): { amount?: number } =>
  typeof body.amount === 'number' ? { amount: body.amount } : {};
const valuesOf = (body: Body, others: Values = {}): Values =>
  typeof body.amount === 'number' ? { ...others, amount: body.amount } : others;

/** `METHOD /_emulator/<path>`, with `:id` for an object's id. */
export const CONTROL_ROUTES: { readonly [route: string]: Run } = {
  'GET log': ({ world }) => world.log.entries,
  'GET events': ({ world }) => world.events.rows,
  'GET clock': ({ world }) => ({ now: new Date(world.clock.milliseconds()).toISOString() }),
  'POST clock': async ({ world, webhooks }, body) => {
    if (typeof body.advanceMs === 'number') world.clock.advance(body.advanceMs);
    if (typeof body.moveTo === 'string') world.clock.moveTo(Date.parse(body.moveTo));
    await webhooks.settle();
    return { now: new Date(world.clock.milliseconds()).toISOString() };
  },
  'POST faults': ({ faults }, body) => faults.add(body as unknown as Fault),
  'DELETE faults': ({ faults }) => faults.clear(),
  'POST visit': ({ world }, body) =>
    visitPage(world, word(body, 'url'), optional(body, 'card') ?? 'pm_card_visa'),
  'POST methods': ({ world }, body) => {
    const token = word(body, 'card');
    const behaviour = TEST_METHODS[token];
    if (!behaviour) throw missing('PaymentMethod', token, 'card');
    const method = makeMethod(world, behaviour);
    const customer = optional(body, 'customer');
    if (customer) attachTo(world, method, world.customers.get(customer, 'customer').id);
    return { id: method.id };
  },
  'POST disputes': ({ world }, body) => {
    const intent = world.paymentIntents.get(word(body, 'paymentIntent'), 'paymentIntent');
    const charge = world.charges.get(String(intent.latest_charge), 'charge');
    const reason = optional(body, 'reason') ?? 'fraudulent';
    const inquiry = body.inquiry === true;
    return { id: openDispute(world, charge, { reason, inquiry, ...amountIn(body) }).id };
  },
  'POST disputes/:id': ({ world }, body, id) =>
    closeDispute(world, id, word(body, 'outcome') as Parameters<typeof closeDispute>[2]),
  'POST refunds': ({ world }, body) => {
    const payment_intent = word(body, 'paymentIntent');
    return { id: createRefund(world, valuesOf(body, { payment_intent })).id };
  },
  'POST refunds/:id': ({ world }, body, id) =>
    settleRefund(world, id, optional(body, 'failureReason')),
  'POST payments/:id': ({ world }, body, id) =>
    settlePayment(world, id, optional(body, 'failureCode')),
  'POST transfers/:id': ({ world }, body, id) => reverseTransfer(world, valuesOf(body), id),
  'POST top-up': ({ world }, body) => move(world, body, 'topup', 'topup', 1),
  'POST payout': ({ world }, body) => move(world, body, 'payout', 'payout', -1),
  'POST webhooks': ({ webhooks }, body) => {
    const secrets = Array.isArray(body.secrets) ? body.secrets.map(String) : [];
    webhooks.register({ url: word(body, 'url'), secrets, auto: body.auto !== false });
  },
  'POST webhooks/send': async ({ webhooks }, body) => ({
    statuses: await webhooks.send(Array.isArray(body.events) ? body.events.map(String) : []),
  }),
  'POST webhooks/settle': ({ webhooks }) => webhooks.settle(),
};

function move(world: World, body: Body, type: 'topup' | 'payout', category: string, sign: number) {
  const { amount = 0 } = amountIn(body);
  const currency = word(body, 'currency').toLowerCase();
  const source = world.id(type === 'topup' ? 'tu' : 'po');
  return {
    id: recordMovement(world, { type, category, amount: sign * amount, currency, source }).id,
  };
}

/** The control route of a path below `/_emulator/`. */
export function findControl(method: string, path: string): { run: Run; id: string } | undefined {
  const exact = CONTROL_ROUTES[`${method} ${path}`];
  if (exact) return { run: exact, id: '' };
  const [kind, id] = path.split('/');
  const run = CONTROL_ROUTES[`${method} ${kind}/:id`];
  return run && id ? { run, id } : undefined;
}

import { createHmac } from 'node:crypto';
import type Stripe from 'stripe';
import { listPage, PAGING } from './lists.ts';
import { type Fields, strings, text } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

/** The header that proves a webhook: one signature for each secret, as while a secret is rolled. */
export function signWebhook(
  payload: string,
  secrets: readonly string[],
  atSeconds: number,
): string {
  const signatures = secrets.map((secret) => {
    const signature = createHmac('sha256', secret).update(`${atSeconds}.${payload}`).digest('hex');
    return `v1=${signature}`;
  });
  return [`t=${atSeconds}`, ...signatures].join(',');
}

export interface WebhookTarget {
  url: string;
  secrets: string[];
  /** False: nothing is sent until told to; for tests that shuffle, double and drop. */
  auto: boolean;
}

interface Delivery {
  event: Stripe.Event;
  target: WebhookTarget;
  firstAt: number;
  dueAt: number;
  attempts: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Pauses after each failed attempt; the last one goes on for three days. */
const PAUSES_MS = [5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS];
const LAST_PAUSE_MS = 12 * HOUR_MS;
const GIVEN_UP_AFTER_MS = 72 * HOUR_MS;
const ANSWER_WITHIN_MS = 10_000;

/** Sends each event to each target until it answers with a 2xx or three days have passed. */
export class WebhookSender {
  readonly #world: World;
  readonly #targets: WebhookTarget[] = [];
  #waiting: Delivery[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(world: World) {
    this.#world = world;
    world.onEvent = (event) => this.#enqueue(event);
    // With a clock that runs, retries come due by themselves.
    this.#timer = setInterval(() => this.sendDue(), 250).unref();
  }

  register(target: WebhookTarget): void {
    this.#targets.push(target);
  }

  #enqueue(event: Stripe.Event): void {
    const now = this.#world.clock.milliseconds();
    for (const target of this.#targets) {
      event.pending_webhooks += 1;
      if (!target.auto) continue;
      this.#waiting.push({ event, target, firstAt: now, dueAt: now, attempts: 0 });
    }
    setImmediate(() => this.sendDue());
  }

  /** Starts all deliveries that are due by the emulator's clock. */
  sendDue(): void {
    const now = this.#world.clock.milliseconds();
    const due = this.#waiting.filter((delivery) => delivery.dueAt <= now);
    this.#waiting = this.#waiting.filter((delivery) => delivery.dueAt > now);
    for (const delivery of due) {
      const running = this.#attempt(delivery).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const status = await this.#post(delivery.event, delivery.target);
    if (status >= 200 && status < 300) {
      delivery.event.pending_webhooks -= 1;
      return;
    }
    const pause = PAUSES_MS[delivery.attempts] ?? LAST_PAUSE_MS;
    delivery.attempts += 1;
    delivery.dueAt = this.#world.clock.milliseconds() + pause;
    if (delivery.dueAt - delivery.firstAt <= GIVEN_UP_AFTER_MS) this.#waiting.push(delivery);
  }

  async #post(event: Stripe.Event, target: WebhookTarget): Promise<number> {
    const body = JSON.stringify(event);
    const signature = signWebhook(body, target.secrets, this.#world.now());
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signature,
    };
    try {
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
      const answer = await fetch(target.url, { method: 'POST', headers, body, signal });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }

  /** Sends these events now, in this order, whatever was sent before. Tells the answers' status. */
  async send(ids: readonly string[]): Promise<number[]> {
    const statuses: number[] = [];
    for (const id of ids) {
      const event = this.#world.events.get(id, 'event');
      for (const target of this.#targets) statuses.push(await this.#post(event, target));
    }
    return statuses;
  }

  /** Waits until nothing is on its way; retries that are not due yet stay waiting. */
  async settle(): Promise<{ waiting: number }> {
    this.sendDue();
    while (this.#running.size > 0) await Promise.all(this.#running);
    return { waiting: this.#waiting.length };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#waiting = [];
  }
}

const KEPT_SECONDS = 30 * 24 * 60 * 60;

const LIST = {
  ...PAGING,
  created: { kind: 'range' },
  delivery_success: { kind: 'boolean' },
  type: { kind: 'string' },
  types: { kind: 'strings', most: 20 },
} satisfies Fields<Stripe.EventListParams>;

export const eventEndpoints: Endpoint[] = [
  {
    method: 'GET',
    path: '/v1/events',
    fields: LIST,
    run: (world, values) => {
      const type = text(values, 'type');
      const types = strings(values, 'types');
      const oldest = world.now() - KEPT_SECONDS;
      const keep = (row: Stripe.Event) =>
        row.created >= oldest &&
        (!type || row.type === type) &&
        (types.length === 0 || types.includes(row.type));
      return listPage(world.events, values, '/v1/events', keep);
    },
  },
  {
    method: 'GET',
    path: '/v1/events/:id',
    fields: {},
    run: (world, _values, id) => world.events.get(id, 'id'),
  },
];

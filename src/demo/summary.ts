import { readdir } from 'node:fs/promises';
import type { App } from '../app.ts';
import { checkInvariants, type OrderView, type PickList } from '../contexts/orders/index.ts';
import { type MoneySummary, summarizeMoney } from './money/summarize-money.ts';
import type { Tally } from './tally.ts';
import type { Town } from './town.ts';

/** How the week ended. */
export interface DemoSummary {
  /**
   * By outcome; `placed` is the sum of completed, cancelled, failed (by the worker), no-shows and
   * open ones (of the week after). `rebooked` says how many of the placed are copies of failed ones.
   */
  orders: Record<
    'placed' | 'completed' | 'cancelled' | 'failed' | 'noShows' | 'rebooked' | 'open',
    number
  >;
  /** Answers "nobody is free", and how often a customer then got a time that was named. */
  conflicts: number;
  conflictsFollowed: number;
  /** Repeated requests that were answered with the same order. */
  replays: number;
  quotes: number;
  mails: Record<'sent' | 'waiting' | 'failed' | 'skipped', number>;
  supplies: Record<'requested' | 'issued' | 'withdrawn', number>;
  cookies: Record<'waiting' | 'ordered' | 'delivered' | 'givenUp', number>;
  stream: Record<'events' | 'lag' | 'parked', number>;
  money: MoneySummary;
  /** What was checked, on the databases and against the answers that customers got. */
  invariants: Record<string, boolean>;
  /** What does not hold: sentences with ids, by invariant. */
  violations: Record<string, string[]>;
  seconds: number;
  /** Where the data is, if it was kept. */
  home: string | null;
}

const PAGE = 200;

/** Looks at what is stored, and checks it. */
export async function summarize(
  { manager, finance }: Town,
  tally: Tally,
): Promise<Omit<DemoSummary, 'seconds' | 'home'>> {
  const checks = await checkInvariants(manager.db);
  const money = await summarizeMoney(finance);
  const viewer = await manager.manager();
  const orders = await readAll((page) => manager.orders.orders.list(viewer, {}, page));
  const supplies = async (status: PickList['status']) =>
    (await readAll((page) => manager.orders.supplies.list(status, page))).length;
  const { 'given-up': givenUp, ...cookies } = await manager.orders.cookies.counts();
  const mails = await manager.mails.counts();
  const { consumers } = await manager.stream.status();
  const stream = {
    events: checks.find(({ name }) => name === 'eachEventOnce')?.checked ?? 0,
    lag: Math.max(0, ...consumers.map(({ eventsBehind }) => eventsBehind)),
    parked: consumers.reduce((sum, { parkedOrders }) => sum + parkedOrders, 0),
  };
  const found: { name: string; violations: string[] }[] = [
    ...checks,
    { name: 'acknowledgedOnce', violations: compareIds(tally.acknowledged, orders) },
    { name: 'repeatsAnsweredAlike', violations: tally.badReplays },
    { name: 'conflictsNameTimes', violations: tally.badConflicts },
    { name: 'answersExpected', violations: tally.surprises },
    { name: 'streamRead', violations: unread(stream) },
    { name: 'mailsDelivered', violations: await compareMails(manager, mails, money.summary.mails) },
    ...money.checks,
  ];
  return {
    orders: countOutcomes(orders),
    conflicts: tally.conflicts,
    conflictsFollowed: tally.conflictsFollowed,
    replays: tally.replays,
    quotes: tally.quotes,
    mails: {
      sent: mails.sent,
      waiting: mails.waiting + mails.sending,
      failed: mails.failed + mails.unknown,
      skipped: mails.skipped,
    },
    supplies: {
      requested: await supplies('requested'),
      issued: await supplies('issued'),
      withdrawn: await supplies('withdrawn'),
    },
    cookies: { ...cookies, givenUp },
    stream,
    money: money.summary,
    invariants: Object.fromEntries(
      found.map(({ name, violations }) => [name, violations.length === 0]),
    ),
    violations: Object.fromEntries(
      found.flatMap(({ name, violations }) => (violations.length > 0 ? [[name, violations]] : [])),
    ),
  };
}

function countOutcomes(orders: readonly OrderView[]): DemoSummary['orders'] {
  const count = (fits: (order: OrderView['order']) => boolean) =>
    orders.filter(({ order }) => fits(order)).length;
  return {
    placed: orders.length,
    completed: count(({ status }) => status === 'completed'),
    cancelled: count(({ status }) => status === 'cancelled'),
    failed: count(({ endKind }) => endKind === 'worker-failed'),
    noShows: count(({ endKind }) => endKind === 'no-show'),
    rebooked: count(({ copyOf }) => copyOf !== null),
    open: count(({ endKind }) => endKind === null),
  };
}

/** Every order that a customer was told of is there, once, and no other. */
function compareIds(acknowledged: readonly string[], orders: readonly OrderView[]): string[] {
  const told = new Set(acknowledged);
  const stored = new Set(orders.map(({ order }) => order.id));
  const lost = [...told].filter((id) => !stored.has(id));
  const untold = [...stored].filter((id) => !told.has(id));
  return [
    ...(told.size < acknowledged.length ? ['An order was placed twice.'] : []),
    ...lost.map((id) => `Order ${id} was confirmed, but is not there.`),
    ...untold.map((id) => `Order ${id} is there, but no customer was told so.`),
  ];
}

function unread({ lag, parked }: DemoSummary['stream']): string[] {
  return [
    ...(lag > 0 ? [`${lag} events have not been read.`] : []),
    ...(parked > 0 ? [`${parked} orders are parked.`] : []),
  ];
}

async function compareMails(
  { config, mails }: App,
  counts: Awaited<ReturnType<App['mails']['counts']>>,
  ofMoney: MoneySummary['mails'],
): Promise<string[]> {
  const troubled = counts.waiting + counts.sending + counts.failed + counts.unknown;
  const unsent = troubled > 0 ? await mails.list({ limit: 20 }) : [];
  const { transport } = config.mail;
  const sent = counts.sent + ofMoney.sent;
  const files = transport.kind === 'files' ? await countFiles(transport.folder) : sent;
  return [
    ...unsent
      .filter(({ status }) => status !== 'sent')
      .map(({ id, status, error }) => `Mail ${id} is ${status}. ${error ?? ''}`),
    ...(ofMoney.unsent === 0 ? [] : [`${ofMoney.unsent} mails about money were not sent.`]),
    ...(files === sent ? [] : [`${sent} mails were sent, ${files} are there.`]),
  ];
}

async function countFiles(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.eml')).length;
}

async function readAll<T>(
  read: (page: { limit: number; cursor?: string }) => Promise<{
    data: T[];
    nextCursor: string | null;
  }>,
): Promise<T[]> {
  const all: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await read({ limit: PAGE, cursor });
    all.push(...page.data);
    if (page.nextCursor === null) return all;
    cursor = page.nextCursor;
  }
}

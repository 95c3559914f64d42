import { createVirtualClock } from '../platform/clock.ts';
import { type Config, loadConfig } from '../platform/config.ts';
import { createAgenda } from './agenda.ts';
import { createWeek } from './calendar.ts';
import { makeHome, removeHome } from './home.ts';
import { type Line, openLine } from './http-caller.ts';
import { giveMethods } from './money/give-methods.ts';
import { planInvoices, playMoney } from './money/play-money.ts';
import { customerProfiles, workerProfiles } from './people.ts';
import type { Customer, Play } from './play.ts';
import { type DayProgress, playWeek } from './play-week.ts';
import { settle } from './settle.ts';
import { type DemoSummary, summarize } from './summary.ts';
import { createTally } from './tally.ts';
import { openTown, type Town } from './town.ts';
import { makeWishes } from './wishes.ts';

export interface DemoOptions {
  /** Equal seeds give nearly equal weeks: requests that are under way at once may swap places. */
  seed: string;
  /** How many orders customers wish for; those for which nobody is found are not placed. */
  orders: number;
  /** Leaves the home where it is. */
  keep: boolean;
  /** Workbook of services. */
  servicesFile: string;
  /** Of the environment `STEWARD_TZ`, `STEWARD_CURRENCY` and `LOG_LEVEL` count, and no more. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Ends the play; everything is closed and removed, then the reason is thrown. */
  signal: AbortSignal;
  tell: {
    /** What is being done, outside of the week. */
    phase(text: string): void;
    day(progress: DayProgress): void;
  };
}

/**
 * Plays a business week in a home of its own: everything embedded, in this process, on a virtual
 * clock, through the HTTP API. Leaves nothing behind unless told so.
 * @throws StewardError as `openApp`, `queue_unavailable`; `sheet_…` for the workbook
 */
export async function runDemo(options: DemoOptions): Promise<DemoSummary> {
  const startedAt = performance.now();
  const { tell, signal } = options;
  const home = await makeHome();
  let kept = false;
  try {
    const config = demoConfig(options, home);
    const week = createWeek(config.timeZone);
    const clock = createVirtualClock(week.at(0, 7));
    tell.phase('Starting PostgreSQL, the worker and the API');
    const town = await openTown(config, clock);
    const line = openLine(town.url, signal);
    try {
      signal.throwIfAborted();
      tell.phase('Importing services, adding workers');
      const callers = await settleIn(town, line, options.servicesFile);
      const tally = createTally();
      const play: Play = { ...callers, town, clock, week, tally, agenda: createAgenda() };
      const { customers } = callers;
      const serviceCodes = await readServiceCodes(customers[0]);
      tell.phase('Customers give payment methods');
      const payers = await giveMethods(play, customers);
      planInvoices(play);
      const { seed, orders } = options;
      await playWeek(
        play,
        makeWishes({ seed, orders, week, customers, serviceCodes }),
        tell.day,
        signal,
      );
      tell.phase('Sending the last mails');
      await settle(play, signal);
      tell.phase('Charging again, paying workers, proving that the money is right');
      await playMoney(play, payers, signal);
      tell.phase('Checking everything');
      await settle(play, signal);
      const summary = await summarize(town, tally);
      kept = options.keep;
      const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
      return { ...summary, seconds, home: kept ? home : null };
    } finally {
      tell.phase('Stopping');
      line.close();
      await town.close();
    }
  } finally {
    if (!kept) await removeHome(home);
  }
}

/** Nothing of what is configured outside: the play must not touch a real database or send a mail. */
function demoConfig({ environment }: DemoOptions, home: string): Config {
  const { STEWARD_TZ, STEWARD_CURRENCY, LOG_LEVEL = 'error' } = environment;
  return loadConfig({ STEWARD_HOME: home, STEWARD_TZ, STEWARD_CURRENCY, LOG_LEVEL });
}

interface Callers extends Pick<Play, 'supplies' | 'workers'> {
  customers: [Customer, ...Customer[]];
}

/** What is there before the week begins: services, workers, and everybody's tokens. */
async function settleIn(town: Town, line: Line, servicesFile: string): Promise<Callers> {
  const { manager } = town;
  const { catalog, orders } = manager;
  const by = (await manager.manager()).id;
  const plan = await catalog.planServices(servicesFile);
  const { applied } = await catalog.importServices(servicesFile, { by });
  if (!applied) throw new Error(`${plan.counts.refuse} rows of the services were refused.`);
  const workers = new Map<string, Play['supplies']>();
  for (const profile of workerProfiles()) {
    const { id, subject } = await orders.workers.add(profile);
    const token = await town.token({ sub: subject, role: 'worker' });
    workers.set(id, line.caller(token));
  }
  const customers: Customer[] = [];
  for (const profile of customerProfiles()) {
    const { subject: sub, name, email } = profile;
    const token = await town.token({ sub, role: 'customer', name, email });
    customers.push({ profile, caller: line.caller(token) });
  }
  const [first, ...others] = customers;
  if (!first) throw new Error('The play has no customers.');
  const clerk = await town.token({ sub: 'clerk-1', role: 'supplies' });
  const supplies = line.caller(clerk);
  return { customers: [first, ...others], workers, supplies };
}

async function readServiceCodes({ caller }: Customer): Promise<[string, ...string[]]> {
  const path = '/v1/services?limit=200';
  const { body } = await caller.get<{ data: { code: string }[] }>(path);
  const [first, ...others] = body.data.map(({ code }) => code).toSorted();
  if (first === undefined) throw new Error('The catalog is empty after the import.');
  return [first, ...others];
}

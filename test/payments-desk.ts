import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, onTestFinished, vi } from 'vitest';
import {
  type DirectCommand,
  findDirectCommand,
  runDirectCommand,
} from '../src/cli/direct-command.ts';
import { endOrders, testSubject } from '../src/contexts/payments/bookings/testing.ts';
import { createPayments, submitSandboxPage } from '../src/contexts/payments/index.ts';
import type { PaymentProvider } from '../src/contexts/payments/provider/provider.ts';
import { createSandboxProvider } from '../src/contexts/payments/sandbox/index.ts';
import { openTestPayments } from '../src/contexts/payments/testing.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createIds } from '../src/platform/ids.ts';
import type { TestDatabase } from './database.ts';

const ROOT = join(import.meta.dirname, '..');
export const COMMANDS = join(ROOT, 'src/commands');
const DAY_MS = 86_400_000;

/** From now on commands are run by another finance manager, with no other rights. */
async function logInAsFinance<Tables>({ db, url }: TestDatabase<Tables>): Promise<void> {
  const username = `finance_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  await sql
    .raw(`create role ${username} login password '${password}' in role steward_finance`)
    .execute(db);
  onTestFinished(async () => {
    await sql.raw(`drop owned by ${username}`).execute(db);
    await sql.raw(`drop role ${username}`).execute(db);
  });
  vi.stubEnv('PAYMENTS_DATABASE_URL', Object.assign(new URL(url), { username, password }).href);
}

/** Sets the environment as a deployment does. @returns the home */
function configure(mainUrl: string): string {
  const home = mkdtempSync(join(tmpdir(), 'steward-payments-cli-'));
  const environment = { STEWARD_HOME: home, DATABASE_URL: mainUrl, STEWARD_TZ: 'UTC' };
  for (const [name, value] of Object.entries({ ...environment, LOG_LEVEL: 'silent' })) {
    vi.stubEnv(name, value);
  }
  const { exitCode } = process;
  onTestFinished(() => {
    vi.unstubAllEnvs();
    process.exitCode = exitCode;
    rmSync(home, { recursive: true, force: true });
  });
  return home;
}

/** What was typed, with `--json`. */
function found(typed: readonly string[]): DirectCommand {
  const end = typed.indexOf('--');
  const argv = typed.toSpliced(end === -1 ? typed.length : end, 0, '--json');
  const command = findDirectCommand(argv, COMMANDS);
  if (!command) throw new Error(`There is no command "${typed.join(' ')}".`);
  return command;
}

/** Runs a command in this process. @returns what it prints, and its exit code */
async function runAsJson(command: DirectCommand) {
  const pjson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  process.exitCode = undefined;
  try {
    await runDirectCommand(command, ROOT, pjson);
  } finally {
    write.mockRestore();
  }
  return { data: JSON.parse(printed), code: process.exitCode ?? 0 };
}

/** Runs commands as a finance manager who may read the stream and knows nobody's password. */
async function openDesk() {
  const first = await openTestPayments({} as PaymentProvider, { clock: systemClock });
  const ids = createIds(systemClock);
  const box = { db: first.deps.db, clock: systemClock, ids, publicUrl: first.deps.publicUrl };
  const deps = { ...first.deps, provider: createSandboxProvider(box) };
  const logIn = () => logInAsFinance(first.own);
  const home = configure(first.main.url);
  const ran = new Set<string>();
  const run = (...typed: string[]) => {
    const command = found(typed);
    ran.add(command.id.replaceAll(':', ' '));
    return runAsJson(command);
  };
  /** Runs a command. @returns what it prints with `--json` */
  const json = async (...typed: string[]) => {
    const { data, code } = await run(...typed);
    expect({ typed, code }).toEqual({ typed, code: 0 });
    return data;
  };
  /** Expects a refusal. @returns its code */
  const refused = (...typed: string[]) =>
    run(...typed).then(
      () => 'not refused',
      (error) => error.code,
    );
  return {
    ...first,
    deps,
    box,
    payments: createPayments(deps),
    home,
    logIn,
    ran,
    json,
    refused,
  };
}

/** Two orders of two customers that ended two weeks ago; cards, and one worker with an account. */
export async function openWeek() {
  const desk = await openDesk();
  const endedAt = new Date(Date.now() - 15 * DAY_MS);
  const order = (priceMinor: number, more = {}) => ({ priceMinor, endedAt, ...more });
  const [good, disputed] = await endOrders(desk, [order(12_000), order(30_000)]);
  if (!good || !disputed) throw new Error('There are two orders.');
  const { people } = desk.payments;
  const card = (id: string, method: string) =>
    people.attachMethod({ kind: 'customer', subject: testSubject(id) }, method);
  await card(good.customerId, 'pm_card_visa');
  await card(disputed.customerId, 'pm_card_createDispute');
  const caller = { kind: 'worker', subject: testSubject(good.workerId) } as const;
  const page = await people.openPage(caller);
  await submitSandboxPage(desk.box, page.url.split('/').at(-1) ?? '', 'ready');
  /** Reads what the provider would have told by webhook. */
  const listen = async () => {
    await desk.payments.provider.pollEvents();
    await desk.payments.provider.processEvents();
  };
  await desk.logIn();
  return { ...desk, good, disputed, listen, endedAt };
}

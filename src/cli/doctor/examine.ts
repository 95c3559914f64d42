import { openApp } from '../../app.ts';
import { mainMigrationStatus, migrateMain } from '../../main-database.ts';
import { openPayments } from '../../payments-app.ts';
import {
  hasMain,
  hasPayments,
  migratePayments,
  paymentsMigrationStatus,
} from '../../payments-database.ts';
import { type Config, loadConfig } from '../../platform/config.ts';
import { createCommandLog } from '../command-log.ts';
import { reportError } from '../error-report.ts';
import { type MainServer, openMainServer, openPaymentsServer } from '../main-server.ts';
import { checkMigrations, checkOutside, checkServer } from './database-checks.ts';
import { type Finding, fail, look, ok, warn } from './finding.ts';
import { checkHome, checkNode, checkPhotos, checkRules, checkTokens } from './machine-checks.ts';
import { checkMoney, checkWork } from './work-checks.ts';

/**
 * Looks at everything, from the bottom up; what stands on something broken is not looked at.
 * @param found is told each finding as soon as it is known
 */
export async function examine(found: (finding: Finding) => void): Promise<void> {
  const tell = (findings: readonly Finding[]) => {
    findings.forEach(found);
    return findings.every((finding) => finding.state !== 'fail');
  };
  tell([checkNode()]);
  const config = readConfig(found);
  if (!config) return;
  const home = tell(await checkHome(config));
  const rules = tell(await checkRules(config));
  tell(checkOutside(config));
  tell(await checkPhotos(config));
  tell(await checkTokens(config));
  if (hasMain(config) && (home || config.databaseUrl)) {
    await within(await reach(config, found), async (server) => {
      // An embedded database is nobody else's: every other command would bring it up to date, too.
      if (server.embedded) await migrateMain(server.url);
      const checked = tell(await checkServer(server));
      const usable = checked && tell(await checkMigrations(() => mainMigrationStatus(server.url)));
      if (usable && rules) tell(await examineWork(config));
    });
  }
  if (!hasPayments(config)) {
    found(warn('payments', 'PAYMENTS_DATABASE_URL is not set', 'Set it to have payments.'));
  } else if (home || config.paymentsDatabaseUrl) {
    await within(await reachPayments(config, found), async (server) => {
      if (server.embedded) await migratePayments(server.url);
      const status = () => paymentsMigrationStatus(server.url);
      const usable = tell(await checkMigrations(status, 'payments migrations'));
      if (usable && rules) tell(await examineMoney(config));
    });
  }
}

async function within(
  server: MainServer | undefined,
  work: (server: MainServer) => Promise<void>,
): Promise<void> {
  if (!server) return;
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

function readConfig(found: (finding: Finding) => void): Config | undefined {
  try {
    const config = loadConfig();
    found(ok('configuration', `${config.currency}, ${config.timeZone}`));
    return config;
  } catch (error) {
    const { message } = reportError(error).error;
    found(fail('configuration', message, 'Correct the environment variables.'));
    return undefined;
  }
}

async function reach(
  config: Config,
  found: (finding: Finding) => void,
): Promise<MainServer | undefined> {
  try {
    return await openMainServer(config);
  } catch (error) {
    const remedy = 'See the log in the home folder, or set DATABASE_URL to a PostgreSQL of yours.';
    found(fail('PostgreSQL', reportError(error).error.message, remedy));
    return undefined;
  }
}

async function reachPayments(
  config: Config,
  found: (finding: Finding) => void,
): Promise<MainServer | undefined> {
  try {
    return (await openPaymentsServer(config)) ?? undefined;
  } catch (error) {
    const remedy = 'See the log in the home folder, or correct PAYMENTS_DATABASE_URL.';
    found(fail('payments', reportError(error).error.message, remedy));
    return undefined;
  }
}

async function examineMoney(config: Config): Promise<Finding[]> {
  return look('payments', 'See the message.', async () => {
    const app = await openPayments(config, 'cli', { log: createCommandLog(config) });
    try {
      return await checkMoney(app);
    } finally {
      await app.close();
    }
  });
}

async function examineWork(config: Config): Promise<Finding[]> {
  return look('contexts', 'See the message.', async () => {
    const app = await openApp(config, 'cli', { log: createCommandLog(config) });
    try {
      return await checkWork(app);
    } finally {
      await app.close();
    }
  });
}

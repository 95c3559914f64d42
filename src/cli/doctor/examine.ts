import { openApp } from '../../app.ts';
import { migrateMain } from '../../main-database.ts';
import { type Config, loadConfig } from '../../platform/config.ts';
import { createCommandLog } from '../command-log.ts';
import { reportError } from '../error-report.ts';
import { type MainServer, openMainServer } from '../main-server.ts';
import { checkMigrations, checkOutside, checkServer } from './database-checks.ts';
import { type Finding, fail, look, ok } from './finding.ts';
import { checkHome, checkNode, checkPhotos, checkRules, checkTokens } from './machine-checks.ts';
import { checkWork } from './work-checks.ts';

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
  if (!home && !config.databaseUrl) return;
  const server = await reach(config, found);
  if (!server) return;
  try {
    // An embedded database is nobody else's: every other command would bring it up to date, too.
    if (server.embedded) await migrateMain(server.url);
    const usable = tell(await checkServer(server)) && tell(await checkMigrations(server));
    if (usable && rules) tell(await examineWork(config));
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

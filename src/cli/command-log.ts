import { type Config, processEnvironment } from '../platform/config.ts';
import { createLog, type Logger } from '../platform/log.ts';

/**
 * The log of a command: a person at a terminal reads its output, so only warnings are written
 * unless LOG_LEVEL asks for more. Servers write at the level of the configuration.
 */
export function createCommandLog(config: Pick<Config, 'logLevel'>): Logger {
  const asked = Boolean(processEnvironment().LOG_LEVEL);
  return createLog({ level: asked ? config.logLevel : 'warn', part: 'cli' });
}

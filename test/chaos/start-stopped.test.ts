import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { freePort, spawnSteward, untilReady } from '../steward-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Processes whose command line names the folder: steward itself, PostgreSQL, the watcher. */
function processesOf(home: string): string[] {
  const list = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.includes(home));
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  'leaves nothing running after %s, and finds everything again at the next start',
  async (signal) => {
    const home = temporaryFolder('stop');
    const environment = { STEWARD_HOME: home, PORT: String(await freePort()) };
    for (const round of [1, 2]) {
      const steward = spawnSteward(['start'], environment);
      await untilReady(steward);
      expect(processesOf(home).length).toBeGreaterThan(0);
      steward.kill(signal);
      expect(await steward.ended, `round ${round}: ${steward.output()}`).toBe(0);
      expect(processesOf(home)).toEqual([]);
      expect(steward.output()).not.toMatch(/"level":[56]0/);
    }
  },
  120_000,
);

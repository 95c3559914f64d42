import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort, spawnSteward, untilReady } from '../steward-process.ts';

/** Processes whose command line names the folder: steward itself, PostgreSQL, the watcher. */
function processesOf(home: string): string[] {
  const list = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.includes(home));
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  'leaves nothing running after %s, and finds everything again at the next start',
  async (signal) => {
    const home = mkdtempSync(join(tmpdir(), 'steward-stop-'));
    chmodSync(home, 0o711);
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

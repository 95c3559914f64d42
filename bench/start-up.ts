/** How long a command takes to be there, beside Node itself doing nothing. */
import { join } from 'node:path';
import { connect, startDatabaseServer } from './tools/database-server.ts';
import { type Bench, type Figure, format, type Row } from './tools/figure.ts';
import { childEnvironment, runProgram } from './tools/programs.ts';
import { spreadOf } from './tools/rounds.ts';
import { runFigures } from './tools/run.ts';
import { settleTown } from './tools/town.ts';

export const startUp: Figure = {
  name: 'start-up',
  title: 'commands, and node -e 0',
  measure: measureStartUp,
};

const SIDES = {
  node: ['-e', '0'],
  version: ['bin/run.js', '--version'],
  list: ['bin/run.js', 'services', 'list', '--json'],
} as const;

type Side = keyof typeof SIDES;

async function measureStartUp(bench: Bench): Promise<Row[]> {
  const server = await startDatabaseServer(bench);
  const url = await server.create('start');
  const home = join(server.home, 'cli');
  await settleTown({ url, client: await connect(bench, url) }, home);
  const environment = childEnvironment({ DATABASE_URL: url, STEWARD_HOME: home });
  const time = async (side: Side) => {
    const began = performance.now();
    await runProgram(process.execPath, SIDES[side], environment);
    return performance.now() - began;
  };
  const times: Record<Side, number[]> = { node: [], version: [], list: [] };
  const rounds = bench.quick ? 5 : 25;
  bench.tell(`${rounds} rounds of each in turn`);
  // The first starts fill Node's compile cache.
  for (let round = -2; round < rounds; round++) {
    for (const side of ['node', 'version', 'list'] as const) {
      const took = await time(side);
      if (round >= 0) times[side].push(took);
    }
  }
  return [
    compare('steward --version / node -e 0', times.version, times.node, 2.5),
    compare('steward services list --json / node -e 0', times.list, times.node, 5),
  ];
}

/** Of medians: a start that was disturbed says nothing, and neighbours need not both be. */
function compare(what: string, command: number[], node: number[], most: number): Row {
  const one = spreadOf(command);
  const other = spreadOf(node);
  return {
    what,
    value: one.median / other.median,
    range: [one.range[0] / other.median, one.range[1] / other.median],
    unit: '',
    goal: { is: 'at most', value: most },
    detail: `${format(one.median, 'ms')} and ${format(other.median, 'ms')}, medians of ${command.length}`,
  };
}

if (import.meta.main) await runFigures([startUp], process.argv.slice(2));

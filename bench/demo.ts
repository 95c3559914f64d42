/** The business week of `steward demo`, from nothing to its summary. */
import type { Bench, Figure, Row } from './tools/figure.ts';
import { runProgram } from './tools/programs.ts';
import { spreadOf } from './tools/rounds.ts';
import { runFigures } from './tools/run.ts';

export const demoWeek: Figure = {
  name: 'demo',
  title: 'a business week with everything embedded',
  measure: measureDemo,
};

async function measureDemo(bench: Bench): Promise<Row[]> {
  const seconds: number[] = [];
  for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
    const began = performance.now();
    await runProgram(process.execPath, ['bin/run.js', 'demo', '--json']);
    seconds.push((performance.now() - began) / 1_000);
  }
  const { median, range } = spreadOf(seconds);
  return [
    {
      what: 'steward demo',
      value: median,
      range,
      unit: 's',
      goal: { is: 'under', value: 20 },
      detail: `wall time, ${seconds.length === 1 ? 'one run' : `median of ${seconds.length}`}`,
    },
  ];
}

if (import.meta.main) await runFigures([demoWeek], process.argv.slice(2));

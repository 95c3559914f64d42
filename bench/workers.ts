/** Placing with 100,000 workers in the pool against placing with a thousand. */
import type { Figure } from './tools/figure.ts';
import { measureFlatness } from './tools/flatness.ts';
import { runFigures } from './tools/run.ts';

export const workersInPool: Figure = {
  name: 'workers',
  title: 'orders placed with 100,000 workers in the pool, and with a thousand',
  measure: (bench) => measureFlatness(bench, { what: 'with 100,000 workers', workers: 100_000 }),
};

if (import.meta.main) await runFigures([workersInPool], process.argv.slice(2));

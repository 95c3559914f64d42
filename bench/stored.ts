/** Placing with very many orders stored against placing into an empty database. */
import type { Bench, Figure } from './tools/figure.ts';
import { fillOrders } from './tools/fill-orders.ts';
import { measureFlatness } from './tools/flatness.ts';
import { runFigures } from './tools/run.ts';
import { placeSamples } from './tools/sample-orders.ts';

export const storedOrders: Figure = {
  name: 'stored',
  title: 'orders placed with very many orders stored, and with none',
  measure: measureStored,
};

function measureStored(bench: Bench) {
  return measureFlatness(bench, {
    what: `with ${bench.orders.toLocaleString('en-US')} orders stored`,
    fill: async (database, api) => {
      const samples = await placeSamples(api, database.client);
      await fillOrders(database.client, bench.orders, samples, bench.tell);
    },
  });
}

if (import.meta.main) await runFigures([storedOrders], process.argv.slice(2));

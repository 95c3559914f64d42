/** `npm run bench`: every figure of docs/guide/bench.md in turn, each against its goal. */
import { placing } from './place.ts';
import { runFigures } from './tools/run.ts';

await runFigures([placing], process.argv.slice(2));

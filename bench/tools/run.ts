import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { processEnvironment } from '../../src/platform/config.ts';
import { type Figure, type Row, reaches, renderRow } from './figure.ts';

const USAGE = `npm run bench [-- <figure> …] [--quick] [--json]
  --quick        short rounds: shows that it works; the values then say little
  --json         one JSON object on stdout
  --orders <n>   orders stored in the figure "stored" (BENCH_ORDERS, else 1,000,000)
  --events <n>   events of the long stream in the figure "ledger" (else 300,000)
  --postings <n> postings of the large ledger in the figure "balance" (else 1,000,000)`;

/**
 * Runs figures one after another and prints them. Ends with exit code 0 even where a goal is
 * missed, with 1 where a figure could not be measured.
 */
export async function runFigures(figures: readonly Figure[], argv: readonly string[]) {
  const options = readOptions(figures, argv);
  if (!options) return;
  const machine = describeMachine(options.quick);
  if (!options.json) process.stdout.write(`${machine}\n\n`);
  const results: object[] = [];
  for (const figure of options.figures) {
    const result = await measure(figure, options);
    if ('error' in result) process.exitCode = 1;
    results.push(result);
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ machine, figures: results })}\n`);
}

function describeMachine(quick: boolean): string {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model ?? process.arch})`;
  const busy = loadavg()[0] ?? 0;
  const words = [`Node ${process.version}`, cores, `${gigabytes} GB`, `load ${busy.toFixed(1)}`];
  return words.join(', ') + (quick ? '; short rounds: the values say little' : '');
}

type Options = NonNullable<ReturnType<typeof readOptions>>;

function readOptions(known: readonly Figure[], argv: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      orders: { type: 'string', default: processEnvironment().BENCH_ORDERS ?? '1000000' },
      events: { type: 'string', default: '300000' },
      postings: { type: 'string', default: '1000000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const names = known.map((figure) => figure.name);
  const unknown = positionals.find((name) => !names.includes(name));
  const sizes = {
    orders: Number(values.orders),
    events: Number(values.events),
    postings: Number(values.postings),
  };
  const bad = Object.values(sizes).some((size) => !(Number.isInteger(size) && size > 0));
  if (values.help || unknown !== undefined || bad) {
    const lines = known.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`);
    process.stdout.write(`${USAGE}\nFigures:\n${lines.join('\n')}\n`);
    if (!values.help) process.exitCode = 2;
    return undefined;
  }
  const chosen = known.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { figures: chosen, quick: values.quick, json: values.json, sizes };
}

async function measure(figure: Figure, { quick, json, sizes }: Options) {
  const tell = (line: string) => void process.stderr.write(`    … ${line}\n`);
  if (!json) process.stdout.write(`${figure.name}: ${figure.title}\n`);
  const cleanup = new AsyncDisposableStack();
  const interrupted = () => {
    void cleanup.disposeAsync().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const { name, title } = figure;
  try {
    const remarks: string[] = [];
    const remark = (line: string) => void remarks.push(line);
    const rows = await figure.measure({ quick, ...sizes, cleanup, tell, remark });
    const lines = [...rows.map(renderRow), ...remarks.map((line) => `  (${line})`)];
    if (!json) process.stdout.write(`${lines.join('\n')}\n\n`);
    const judged = rows.map((row: Row) => ({ ...row, ok: reaches(row) ?? null }));
    return { name, title, rows: judged, remarks };
  } catch (error) {
    process.stderr.write(`  failed: ${error instanceof Error ? error.stack : error}\n`);
    return { name, title, error: String(error) };
  } finally {
    await cleanup.disposeAsync();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

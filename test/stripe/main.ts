import { parseArgs } from 'node:util';
import { startServer } from './server.ts';

/**
 * The emulator as a process of its own, for tests that kill what talks to it:
 * `node test/stripe/main.ts --port 0 --log file.jsonl [--now 2026-11-23T00:00:00Z]`.
 * The first line on stdout is `{"url":"http://127.0.0.1:…"}`. With `--now` its clock stands still.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    log: { type: 'string' },
    now: { type: 'string' },
  },
});
const { url, close } = await startServer({
  port: Number(values.port),
  ...(values.log && { logFile: values.log }),
  ...(values.now && { frozenAt: new Date(values.now) }),
});
process.stdout.write(`${JSON.stringify({ url })}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void close());

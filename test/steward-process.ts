import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '..');
/** A start with everything cold, on a machine that is busy with other tests. */
const READY_WITHIN_MS = 60_000;

export interface StewardProcess {
  pid: number;
  url: string;
  /** What it wrote to stdout and stderr so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or null where a signal ended it. */
  ended: Promise<number | null>;
}

/** A port that is free at this moment on the loopback. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

/** Runs `steward <args>` from the sources; ended with the test, whatever happens. */
export function spawnSteward(
  args: readonly string[],
  environment: Record<string, string>,
): StewardProcess {
  const child: ChildProcess = spawn(process.execPath, [join(root, 'bin/dev.js'), ...args], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${environment.PORT}`,
    output: () => output,
    kill: (signal) => child.kill(signal),
    ended,
  };
}

/** Waits until the process answers `/readyz` with yes. @throws Error with its output if it ends */
export async function untilReady(steward: StewardProcess): Promise<void> {
  let over = false;
  void steward.ended.then(() => {
    over = true;
  });
  for (const until = Date.now() + READY_WITHIN_MS; Date.now() < until; ) {
    if (over) throw new Error(`steward ended early:\n${steward.output()}`);
    const ready = await fetch(`${steward.url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
    await sleep(25);
  }
  throw new Error(`steward is not ready:\n${steward.output()}`);
}

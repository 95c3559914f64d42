import { readFile, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomically } from '../atomic-file.ts';
import { unavailable } from '../errors.ts';
import { provideBinaries, removeOtherBinaries } from './embedded-binaries.ts';
import { hasData, provideData, writeSettings } from './embedded-data.ts';
import { type EmbeddedLog, noteLocation, type Place } from './embedded-place.ts';
import {
  launchServer,
  type RunningServer,
  removeMisleadingPidFile,
} from './embedded-postmaster.ts';

/** Each refused port or memory size costs one. */
const startAttempts = 12;
const logLimitBytes = 10 * 1024 ** 2;

/**
 * Starts the server of `place`, after making its binaries and data where they are missing. Call it
 * under the lock of the home, when no server runs.
 * @throws StewardError unavailable `embedded_postgres_failed`, with the end of the server's log.
 */
export async function startServer(
  place: Place,
  password: string,
  options: { log: EmbeddedLog; settings?: Readonly<Record<string, string>> },
): Promise<RunningServer> {
  const binaries = await provideBinaries(place.base);
  await removeOtherBinaries(place.base, binaries);
  if (!(await hasData(place.data))) {
    options.log.info({ folder: place.data }, 'making the embedded PostgreSQL, once');
  }
  await provideData(place, binaries, password);
  await noteLocation(place);
  await rotateLog(place.log);
  const portFile = join(place.control, 'port');
  let port = await freePort(Number(await readFile(portFile, 'utf8').catch(() => '0')));
  let sharedBuffersMb = 256;
  for (let attempt = 1; ; attempt++) {
    await removeMisleadingPidFile(place.data);
    await writeSettings(place, { port, sharedBuffersMb, settings: options.settings ?? {} });
    const outcome = await launchServer({
      ...place,
      ...binaries,
      onSlow: () => options.log.info({ log: place.log }, 'the embedded PostgreSQL is recovering'),
    });
    if (outcome.server) {
      await writeFileAtomically(portFile, `${port}\n`, { durable: false });
      return outcome.server;
    }
    const cause = startFailure(outcome.output);
    if (cause === 'unknown' || attempt === startAttempts) throw startError(place, outcome.output);
    if (cause === 'port taken') port = await freePort(0);
    if (cause === 'memory short') sharedBuffersMb = Math.max(16, sharedBuffersMb / 2);
    if (cause === 'old processes') await sleep(500);
  }
}

function startFailure(output: string) {
  if (/could not bind|could not create any TCP\/IP sockets/.test(output)) return 'port taken';
  if (/could not (map anonymous|create) shared memory/.test(output)) return 'memory short';
  // Backends of a server that was killed see its end within moments.
  if (/pre-existing shared memory block/.test(output)) return 'old processes';
  return 'unknown';
}

function startError(place: Place, output: string) {
  const lines = output.trim().split('\n').slice(-8).join('\n');
  return unavailable(
    'embedded_postgres_failed',
    `The embedded PostgreSQL on ${place.data} did not start. The end of its log ${place.log}:\n${lines}`,
  );
}

/** `wanted` if it is free (URLs written down elsewhere stay valid), else any free port. */
async function freePort(wanted: number): Promise<number> {
  const valid = Number.isInteger(wanted) && wanted > 1023 && wanted < 65_536;
  return (valid ? await tryPort(wanted) : undefined) ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen({ port, host: '127.0.0.1' }, () => {
      const address = probe.address();
      const found = typeof address === 'object' && address ? address.port : undefined;
      probe.close(() => resolve(found));
    });
  });
}

async function rotateLog(path: string): Promise<void> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > logLimitBytes) await rename(path, `${path}.old`);
}

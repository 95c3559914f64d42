import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dataFolder } from '../platform/postgres/embedded-place.ts';

/** Others may pass through, as the user must that PostgreSQL runs as under root; not look around. */
const PASSABLE = 0o711;

/** A new home in the folder for temporary files. */
export async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'steward-demo-'));
  await chmod(home, PASSABLE);
  return home;
}

/** Removes the home, and the data that PostgreSQL may have had to put elsewhere. */
export async function removeHome(home: string): Promise<void> {
  const data = await dataFolder(join(home, 'postgres'));
  if (!data.startsWith(home)) await rm(dirname(data), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}

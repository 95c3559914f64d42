import type { MigrationStatus } from '../platform/postgres/migrations.ts';
import type { ReadinessCheck } from './dependencies.ts';

/** A balancer asks every few seconds, from several places: one look at the database serves all. */
const KEPT_MS = 1_000;
/** Shorter than `/readyz` waits: a database that hangs is told by its name. */
const LONGEST_MS = 1_500;

/** Whether a database answers, and its schema is the one that this version was made for. */
export async function checkDatabase(
  database: string,
  migrations: string,
  ask: () => Promise<MigrationStatus[]>,
): Promise<ReadinessCheck[]> {
  try {
    const status = await inTime(ask());
    const other = status.filter((migration) => migration.state !== 'applied').length;
    const check = { name: migrations, ready: other === 0 };
    const detail = `${other} of ${status.length} migrations are missing or of another version.`;
    return [{ name: database, ready: true }, other === 0 ? check : { ...check, detail }];
  } catch {
    return [{ name: database, ready: false, detail: 'The database does not answer.' }];
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), LONGEST_MS);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again only when the last answer is older than this. */
export function keptFor<T>(ask: () => Promise<T>, milliseconds = KEPT_MS): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let until = 0;
  return () => {
    const now = performance.now();
    if (!answer || now >= until) {
      answer = ask();
      until = now + milliseconds;
    }
    return answer;
  };
}

import { sql } from 'kysely';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { OrderEvent, readPersonal } from '../../../stream/index.ts';
import { subjectKey } from '../people/identify.ts';
import type { PaymentsTables } from '../tables.ts';

interface Sighting {
  kind: 'customer' | 'worker';
  key: string;
  id: string;
}

/**
 * Remembers which token belongs to which customer or worker, as it is known now. A person whose
 * subject changed gets the new key; an erased or unknown one keeps what was known before.
 */
export async function rememberPeople(
  tx: Transaction<PaymentsTables>,
  events: readonly OrderEvent[],
  readPeople: (ids: readonly string[]) => ReturnType<typeof readPersonal>,
): Promise<void> {
  const ids = new Set<string>();
  for (const { snapshot } of events) ids.add(snapshot.customer.id).add(snapshot.worker.id);
  if (ids.size === 0) return;
  // By key: should two people ever have one subject, the later one has it.
  const seen = new Map<string, Sighting>();
  for (const [id, person] of await readPeople([...ids])) {
    if (person.data === null || person.kind === 'order' || !person.data.subject) continue;
    const key = subjectKey(person.kind, person.data.subject);
    seen.set(`${person.kind} ${key}`, { kind: person.kind, key, id });
  }
  const changed = await findChanged(tx, [...seen.values()]);
  if (changed.length > 0) await write(tx, changed);
}

const parameters = (people: readonly Sighting[]) => sql`
  unnest(${people.map((one) => one.kind)}::text[], ${people.map((one) => one.key)}::text[],
    ${people.map((one) => one.id)}::uuid[]) as w (kind, subject_key, person_id)`;

/** Mostly nobody: people do not change with each order. */
async function findChanged(
  tx: Transaction<PaymentsTables>,
  people: readonly Sighting[],
): Promise<Sighting[]> {
  const { rows } = await sql<Sighting>`
    select w.kind, w.subject_key as key, w.person_id as id from ${parameters(people)}
    where not exists (select from payments.people p where p.kind = w.kind
      and p.subject_key = w.subject_key and p.person_id = w.person_id)
    order by 1, 2`.execute(tx);
  return rows;
}

async function write(tx: Transaction<PaymentsTables>, people: readonly Sighting[]): Promise<void> {
  // First everybody lets go of an old key: two people may have changed places.
  await sql`
    update payments.people p set person_id = null from ${parameters(people)}
    where p.kind = w.kind and p.person_id = w.person_id
      and p.subject_key <> w.subject_key`.execute(tx);
  await sql`
    insert into payments.people (kind, subject_key, person_id)
    select kind, subject_key, person_id from ${parameters(people)} order by 1, 2
    on conflict (kind, subject_key) do update set person_id = excluded.person_id`.execute(tx);
}

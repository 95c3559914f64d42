import { createHash } from 'node:crypto';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { KnownPerson, PaymentsCaller } from '../payments.ts';

/** What payments remembers of a token's subject: a hash, so that the name itself stays outside. */
export function subjectKey(kind: PaymentsCaller['kind'], subject: string): string {
  return createHash('sha256').update(`${kind}:${subject}`).digest('hex');
}

/** Finds the person whose token it is; one without any order yet has no id. Writes nothing. */
export async function identify(
  deps: Pick<PaymentsDependencies, 'db'>,
  caller: Pick<PaymentsCaller, 'kind' | 'subject'>,
): Promise<KnownPerson> {
  const key = subjectKey(caller.kind, caller.subject);
  const row = await deps.db
    .selectFrom('payments.people')
    .select('person_id')
    .where('kind', '=', caller.kind)
    .where('subject_key', '=', key)
    .executeTakeFirst();
  return { kind: caller.kind, subjectKey: key, id: row?.person_id ?? null };
}

import type { Migration } from '../../../platform/postgres/migrations.ts';

/**
 * Which token belongs to whom, for those who may read nothing but the stream. New rows get it from
 * this version on; here those of older versions do. Who was erased stays erased.
 */
export const personalSubject: Migration = {
  id: '2026-11-25-personal-subject',
  sql: `
    update stream.personal p
      set data = p.data || jsonb_build_object('subject', c.subject), updated_at = now()
      from orders.customers c
      where p.subject_id = c.id and p.kind = 'customer' and p.erased_at is null;
    update stream.personal p
      set data = p.data || jsonb_build_object('subject', w.subject), updated_at = now()
      from orders.workers w
      where p.subject_id = w.id and p.kind = 'worker' and p.erased_at is null;
  `,
  // Younger rows may be of a process of the old version that is still at work: a customer's is
  // written again at the first request to a new one.
  check: `
    select from stream.personal p
    join (
      select id, 'customer' as kind, subject from orders.customers
      union all
      select id, 'worker', subject from orders.workers
    ) as person on person.id = p.subject_id and person.kind = p.kind
    where p.erased_at is null and p.updated_at < now() - interval '1 minute'
      and p.data ->> 'subject' is distinct from person.subject
    limit 1`,
};

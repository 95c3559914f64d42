import { expect, inject, onTestFinished, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../../../../test/scratch-database.ts';
import { mainMigrations } from '../../../main-migrations.ts';
import { migrate } from '../../../platform/postgres/migrations.ts';
import { query } from '../../../platform/postgres/testing.ts';
import { personalSubject } from './2026-11-25-personal-subject.ts';

const [ANNA, ERASED, WANDA, GONE, ORDER] = [1, 2, 3, 4, 5].map(
  (n) => `00000000-0000-7000-8000-00000000000${n}`,
);

/** A database as the version before left it, with people of all sorts. */
async function openOldDatabase(): Promise<string> {
  const { name, url } = await createScratchDatabase(inject('serverUrl'), 'subject');
  onTestFinished(() => dropScratchDatabase(inject('serverUrl'), name));
  const old = mainMigrations.map(({ context, migrations }) => {
    const end = migrations.indexOf(personalSubject);
    return { context, migrations: end < 0 ? migrations : migrations.slice(0, end) };
  });
  await migrate(url, old);
  await query(
    url,
    `insert into orders.customers (id, subject, name, email, created_at, updated_at) values
       ('${ANNA}', 'sso|anna', 'Anna', 'anna@example.org', '2026-01-01', '2026-01-01'),
       ('${ERASED}', 'sso|erased', 'Erased', null, '2026-01-01', '2026-01-01')`,
  );
  await query(
    url,
    `insert into orders.workers (id, subject, name, city, skills, standing, created_at, updated_at)
     values
       ('${WANDA}', 'sso|wanda', 'Wanda', 'Oldtown', '{}', 4, '2026-01-01', '2026-01-01'),
       ('${GONE}', 'sso|gone', 'Gone', 'Oldtown', '{}', 4, '2026-01-01', '2026-01-01')`,
  );
  await query(
    url,
    `insert into stream.personal (subject_id, kind, data, erased_at, updated_at) values
       ('${ANNA}', 'customer', '{"name": "Anna", "email": "anna@example.org"}', null, '2026-01-01'),
       ('${ERASED}', 'customer', '{}', '2026-02-01', '2026-02-01'),
       ('${WANDA}', 'worker', '{"name": "Wanda", "email": null, "phone": null}', null, '2026-01-01'),
       ('${GONE}', 'worker', '{}', '2026-02-01', '2026-02-01'),
       ('${ORDER}', 'order', '{"place": {"city": "Oldtown", "address": "x"}}', null, '2026-01-01')`,
  );
  return url;
}

test('people of an older version get the subject of their token; who was erased does not', async () => {
  const url = await openOldDatabase();
  const applied = await migrate(url, mainMigrations);
  expect(applied.map((row) => row.id)).toContain(personalSubject.id);
  const rows = await query(
    url,
    'select subject_id as id, data, erased_at is not null as erased from stream.personal order by 1',
  );
  expect(rows).toEqual([
    {
      id: ANNA,
      data: { name: 'Anna', email: 'anna@example.org', subject: 'sso|anna' },
      erased: false,
    },
    { id: ERASED, data: {}, erased: true },
    {
      id: WANDA,
      data: { name: 'Wanda', email: null, phone: null, subject: 'sso|wanda' },
      erased: false,
    },
    { id: GONE, data: {}, erased: true },
    { id: ORDER, data: { place: { city: 'Oldtown', address: 'x' } }, erased: false },
  ]);
});

test('the check of the migration finds somebody who was left without, and nobody else', async () => {
  const url = await openOldDatabase();
  const check = personalSubject.check ?? '';
  expect(await query(url, check)).toHaveLength(1);
  await migrate(url, mainMigrations);
  expect(await query(url, check)).toEqual([]);
});

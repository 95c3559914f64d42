import { expect, test } from 'vitest';
import { erasePersonal, readPersonal } from '../../../stream/index.ts';
import { openTestOrders, type TestOrders } from '../testing.ts';

const wanda = { name: 'Wanda', email: 'wanda@example.org', phone: '+1 555 0100' };

async function personOf(t: TestOrders, id: string) {
  return (await readPersonal(t.db, [id])).get(id);
}

test('a worker stands beside the stream with the subject of the token, by default the id', async () => {
  const t = await openTestOrders();
  const { id } = await t.addWorker({ ...wanda, subject: 'sso|wanda' });
  expect(await personOf(t, id)).toEqual({
    kind: 'worker',
    data: { ...wanda, subject: 'sso|wanda' },
  });
  const otto = await t.addWorker({ name: 'Otto' });
  expect(await personOf(t, otto.id)).toEqual({
    kind: 'worker',
    data: { name: 'Otto', email: null, phone: null, subject: otto.id },
  });
});

test("a changed subject is known beside the stream at once; the token before is nobody's", async () => {
  const t = await openTestOrders();
  const { id } = await t.addWorker({ ...wanda, subject: 'sso|old' });
  const preview = await t.asOwner.workers.set(id, { subject: 'sso|new' }, { dryRun: true });
  expect(preview.applied).toBe(false);
  expect(await personOf(t, id)).toMatchObject({ data: { subject: 'sso|old' } });

  await t.asOwner.workers.set(id, { subject: 'sso|new' });
  expect(await personOf(t, id)).toEqual({ kind: 'worker', data: { ...wanda, subject: 'sso|new' } });
  expect(await t.workers.identify('sso|new')).toBe(id);
  await expect(t.workers.identify('sso|old')).rejects.toMatchObject({ code: 'not_a_worker' });

  await t.asOwner.workers.set(id, { name: 'Wanda B.' });
  expect(await personOf(t, id)).toMatchObject({ data: { name: 'Wanda B.', subject: 'sso|new' } });
});

test('a subject that another worker has changes nothing, here or beside the stream', async () => {
  const t = await openTestOrders();
  await t.addWorker({ name: 'Otto', subject: 'sso|otto' });
  const { id } = await t.addWorker({ ...wanda, subject: 'sso|wanda' });
  await expect(t.asOwner.workers.set(id, { name: 'X', subject: 'sso|otto' })).rejects.toMatchObject(
    { code: 'subject_taken' },
  );
  expect(await personOf(t, id)).toEqual({
    kind: 'worker',
    data: { ...wanda, subject: 'sso|wanda' },
  });
});

test('an erased worker stays erased, whatever is changed later', async () => {
  const t = await openTestOrders();
  const { id } = await t.addWorker({ ...wanda, subject: 'sso|wanda' });
  await t.db.transaction().execute((tx) => erasePersonal(tx, id, t.clock.now()));
  await t.asOwner.workers.set(id, { subject: 'sso|new' });
  expect(await personOf(t, id)).toEqual({ kind: 'worker', data: null });
});

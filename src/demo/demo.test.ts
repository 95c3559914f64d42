import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../test/database.ts';
import { type CatalogTables, createCatalog } from '../contexts/catalog/index.ts';
import { systemClock } from '../platform/clock.ts';
import { createIds } from '../platform/ids.ts';
import { checkPhoto } from '../platform/storage/index.ts';
import { createWeek, HOUR_MS } from './calendar.ts';
import { eachOf } from './each-of.ts';
import type { Caller } from './http-caller.ts';
import { customerProfiles, workerProfiles } from './people.ts';
import { drawPhoto } from './photo.ts';
import type { Customer } from './play.ts';
import { makeWishes } from './wishes.ts';

const services = join(import.meta.dirname, '../../samples/services.xlsx');

test('every service of the sample workbook can be carried out wherever customers live', async () => {
  const { db } = await createTestDatabase<CatalogTables>();
  const clock = systemClock;
  const catalog = createCatalog({ db, clock, ids: createIds(clock), currency: 'USD' });
  await catalog.importServices(services, { by: 'test' });
  const { services: sold } = await catalog.list({ active: true, limit: 200 });
  expect(sold.length).toBe(29);
  const cities = new Set(
    customerProfiles().flatMap(({ places }) => places.map(({ city }) => city)),
  );
  expect(cities.size).toBe(5);
  const workers = workerProfiles();
  const missing = [...cities].flatMap((city) =>
    sold.filter(
      ({ skills }) =>
        !workers.some(
          (worker) =>
            worker.city === city && skills.every((skill) => worker.skills.includes(skill)),
        ),
    ),
  );
  expect(missing.map(({ code }) => code)).toEqual([]);
});

test('workers have names and token subjects of their own', () => {
  const workers = workerProfiles();
  expect(workers.length).toBe(40);
  expect(new Set(workers.map(({ subject }) => subject)).size).toBe(40);
});

test('a drawn photo passes for one, and each subject has its own', async () => {
  const photo = drawPhoto('arrival at 1');
  expect(await checkPhoto(photo)).toMatchObject({ contentType: 'image/png', widthPx: 24 });
  expect(drawPhoto('arrival at 1')).toEqual(photo);
  expect(drawPhoto('arrival at 2')).not.toEqual(photo);
});

const refuse = () => Promise.reject(new Error('nobody is at the other end'));
const silent: Caller = { get: refuse, post: refuse, upload: refuse };

function wishesOf(seed: string, timeZone = 'UTC') {
  const week = createWeek(timeZone);
  const [first, ...others] = customerProfiles().map(
    (profile): Customer => ({ profile, caller: silent }),
  );
  if (!first) throw new Error('there are no customers');
  const customers = [first, ...others] as const;
  return makeWishes({ seed, orders: 300, week, customers, serviceCodes: ['A', 'B'] }).map(
    ({ customer, random: _, ...wish }) => ({ ...wish, by: customer.profile.subject }),
  );
}

test('equal seeds make equal wishes, others do not', () => {
  expect(wishesOf('one')).toEqual(wishesOf('one'));
  expect(wishesOf('two')).not.toEqual(wishesOf('one'));
});

test('nobody wishes for something at once, or in the night of the business time zone', () => {
  const { hourOf } = createWeek('America/New_York');
  for (const { sendAt, scheduledAt } of wishesOf('one', 'America/New_York')) {
    expect(scheduledAt.getTime() - sendAt.getTime()).toBeGreaterThanOrEqual(3 * HOUR_MS);
    expect(hourOf(scheduledAt)).toBeGreaterThanOrEqual(8);
    expect(hourOf(scheduledAt)).toBeLessThan(19);
  }
});

test('work goes on so many at once, and a failure is told when all have come to rest', async () => {
  const under: number[] = [];
  let now = 0;
  const work = async (one: number) => {
    under.push(++now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    if (one === 5) throw new Error('five');
  };
  await expect(eachOf([1, 2, 3, 4, 5, 6, 7, 8, 9], 3, work)).rejects.toThrow('five');
  expect(Math.max(...under)).toBe(3);
  expect(now).toBe(0);
  expect(under.length).toBeLessThan(9);
});

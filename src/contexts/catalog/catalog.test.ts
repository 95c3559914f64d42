import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { createVirtualClock } from '../../platform/clock.ts';
import type { StewardError } from '../../platform/errors.ts';
import { createIds } from '../../platform/ids.ts';
import { tableCells, workbookFile } from '../../sheets/testing.ts';
import { createCatalog } from './create-catalog.ts';
import type { CatalogTables } from './tables.ts';

const SERVICES = 'samples/services.xlsx';

async function setUp() {
  const database = await createTestDatabase<CatalogTables>();
  const clock = createVirtualClock(new Date('2026-11-23T09:00:00Z'));
  const ids = createIds(clock);
  const catalog = createCatalog({ db: database.db, clock, ids, currency: 'USD' });
  return { ...database, clock, ids, catalog };
}

type Row = (string | number | null)[];
const HEADER = [
  'Code',
  'Service',
  'Category',
  'Price',
  'Duration, min',
  'Skills',
  'Supplies',
  'Active',
];
const file = (...rows: Row[]) =>
  workbookFile({ sheets: [{ name: 'Services', cells: tableCells([HEADER, ...rows]) }] });

async function failure(promise: Promise<unknown>): Promise<StewardError> {
  return promise.then(
    () => {
      throw new Error('It succeeded.');
    },
    (error: StewardError) => error,
  );
}

describe('importing the sample price list', () => {
  it('plans 30 new services and writes nothing', async () => {
    const { catalog } = await setUp();
    const plan = await catalog.planServices(SERVICES);
    expect(plan.counts).toEqual({
      rows: 30,
      create: 30,
      change: 0,
      same: 0,
      refuse: 0,
      untouched: 0,
    });
    expect(plan.found).toMatchObject({ sheet: 'Price list', headerRow: 4, absent: [] });
    expect(plan.passedOver.map(({ where }) => where)).toEqual([
      'Notes',
      'Price list!A1',
      'Price list!A2',
    ]);
    expect((await catalog.list()).total).toBe(0);
  });

  it('imports them with prices, lists, the inactive one and the one without a price', async () => {
    const { catalog } = await setUp();
    const { applied } = await catalog.importServices(SERVICES, { by: 'olga' });
    expect(applied).toBe(true);
    expect(await catalog.get('clean-win')).toMatchObject({
      code: 'CLEAN-WIN',
      name: 'Window cleaning, up to 8 windows',
      category: 'Cleaning',
      priceMinor: 7_550n,
      durationMinutes: 90,
      skills: ['cleaning', 'heights'],
      supplies: [
        { item: 'Squeegee', quantity: 1 },
        { item: 'Glass cleaner', quantity: 1 },
        { item: 'Acceptance form', quantity: 1 },
      ],
      active: true,
      notes: null,
      version: 1,
      createdAt: new Date('2026-11-23T09:00:00Z'),
    });
    expect((await catalog.get('CUSTOM')).priceMinor).toBeNull();
    expect((await catalog.get('GARD-MOW')).notes).toBe('seasonal');
    const inactive = await catalog.list({ active: false });
    expect(inactive.services.map(({ code }) => code)).toEqual(['CAR-TYRES']);
    expect((await catalog.list({ active: true })).total).toBe(29);
  });

  it('says of the same file that all is the same, and writes nothing again', async () => {
    const { catalog } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    const again = await catalog.importServices(await readFile(SERVICES), { by: 'olga' });
    expect(again.plan.counts).toMatchObject({ same: 30, create: 0, change: 0, refuse: 0 });
    expect((await catalog.get('CUSTOM')).version).toBe(1);
    expect(await catalog.history('CUSTOM')).toHaveLength(1);
  });

  it('may be done by two people at the same moment: each service comes once', async () => {
    const { catalog } = await setUp();
    const results = await Promise.all(
      ['olga', 'ivan', 'anna'].map((by) => catalog.importServices(SERVICES, { by })),
    );
    const created = results.map(({ plan }) => plan.counts.create).sort();
    expect(created).toEqual([0, 0, 30]);
    expect((await catalog.list()).total).toBe(30);
  });

  it('is allowed to a catalog manager, and to no process that serves customers', async () => {
    const { open, clock, ids } = await setUp();
    const as = (role: string) => createCatalog({ db: open(role), clock, ids, currency: 'USD' });
    const manager = await as('steward_catalog').importServices(SERVICES, { by: 'olga' });
    expect(manager.applied).toBe(true);
    expect((await as('steward_api').list()).total).toBe(30);
    await expect(as('steward_api').set('CUSTOM', { name: 'x' }, { by: 'api' })).rejects.toThrow(
      /permission denied/,
    );
  });
});

describe('importing changes', () => {
  it('changes what the file says, leaves empty cells alone and clears at a hyphen', async () => {
    const { catalog, clock } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    clock.advance(60_000);
    const { plan } = await catalog.importServices(
      file(
        ['CLEAN-WIN', null, null, '80,10', null, null, '-', 'нет'],
        ['GARD-MOW', null, null, '-', null, null, null, null],
        ['NEW-1', 'New service', 'Other', null, 30, 'Errands;  C++', null, null],
      ),
      { by: 'ivan' },
    );
    expect(plan.counts).toMatchObject({ create: 1, change: 2, same: 0, refuse: 0, untouched: 28 });
    expect(await catalog.get('CLEAN-WIN')).toMatchObject({
      name: 'Window cleaning, up to 8 windows',
      priceMinor: 8_010n,
      supplies: [],
      active: false,
      version: 2,
      updatedAt: clock.now(),
    });
    expect((await catalog.get('GARD-MOW')).priceMinor).toBeNull();
    expect(await catalog.get('NEW-1')).toMatchObject({
      priceMinor: null,
      skills: ['errands', 'c++'],
      supplies: [],
      active: true,
    });
    const [latest, first] = await catalog.history('CLEAN-WIN');
    expect(latest).toMatchObject({
      changedBy: 'ivan',
      source: 'import workbook',
      changes: { priceMinor: { old: '7550', new: '8010' }, active: { old: true, new: false } },
    });
    expect(latest?.changes).not.toHaveProperty('name');
    expect(first).toMatchObject({
      changedBy: 'olga',
      source: 'import services.xlsx',
      changes: { code: { old: null, new: 'CLEAN-WIN' }, priceMinor: { old: null, new: '7550' } },
    });
  });

  it('writes nothing when one row is refused, unless the good ones are asked for', async () => {
    const { catalog } = await setUp();
    const rows: Row[] = [
      ['GOOD', 'Good', 'Other', 5, 30, 'errands', null, 'yes'],
      ['СLEAN', 'Bad', 'Other', 75.555, 0, 'errands', 'Box x0', 'perhaps'],
    ];
    const refused = await catalog.importServices(file(...rows), { by: 'olga' });
    expect(refused.applied).toBe(false);
    expect(refused.plan.faults.map(({ address }) => address)).toEqual([
      'A3',
      'D3',
      'E3',
      'G3',
      'H3',
    ]);
    expect(refused.plan.faults[0]?.suggestion).toBe('CLEAN');
    expect((await catalog.list()).total).toBe(0);
    const good = await catalog.importServices(file(...rows), { by: 'olga', acceptGood: true });
    expect(good.applied).toBe(true);
    expect((await catalog.list()).services.map(({ code }) => code)).toEqual(['GOOD']);
  });

  it('understands a Russian price list', async () => {
    const { catalog } = await setUp();
    const cells = tableCells([
      ['Прайс-лист на ноябрь'],
      [
        'Код',
        'Название',
        'Категория',
        'Цена',
        'Длительность, мин',
        'Навыки',
        'Материалы',
        'Активна',
      ],
      ['уборка', 'Уборка', 'Уборка', '1 234,50', '120', 'Уборка', 'Тряпка х2', 'да'],
      ['CLEAN-1', 'Уборка', 'Уборка', '1 234,50', '120', 'Уборка', 'Тряпка х2', 'да'],
    ]);
    const workbook = workbookFile({ sheets: [{ name: 'Лист1', cells }] });
    const { plan } = await catalog.importServices(workbook, { by: 'olga', acceptGood: true });
    expect(plan.found.language).toBe('ru');
    expect(plan.counts).toMatchObject({ create: 1, refuse: 1 });
    expect(await catalog.get('CLEAN-1')).toMatchObject({
      priceMinor: 123_450n,
      skills: ['уборка'],
      supplies: [{ item: 'Тряпка', quantity: 2 }],
    });
  });

  it('refuses a workbook without the list, and says what is missing', async () => {
    const { catalog } = await setUp();
    const error = await failure(catalog.planServices('samples/candidates.xlsx'));
    expect(error.code).toBe('sheet_header_not_found');
    expect(error.message).toContain('lacks "Code", "Service", "Category", "Duration, min"');
  });
});

describe('listing', () => {
  it('goes through all pages in the order of category and code', async () => {
    const { catalog } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    const codes: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await catalog.list({ limit: 7, cursor });
      expect(page.total).toBe(30);
      codes.push(...page.services.map(({ code }) => code));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(codes).size).toBe(30);
    const all = (await catalog.list({ limit: 200 })).services;
    expect(codes).toEqual(all.map(({ code }) => code));
    expect(all.map(({ category }) => category)).toEqual(
      all.map(({ category }) => category).toSorted((one, other) => one.localeCompare(other)),
    );
  });

  it('finds by category and by parts of code, name and skills, taking % and _ as they are', async () => {
    const { catalog } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    const found = async (query: Parameters<typeof catalog.list>[0]) =>
      (await catalog.list(query)).services.map(({ code }) => code);
    expect(await found({ category: 'pets' })).toEqual(['PET-GROOM', 'PET-SIT', 'PET-WALK']);
    expect(await found({ search: 'wi-fi' })).toEqual(['IT-WIFI']);
    expect(await found({ search: 'heights' })).toEqual(['CLEAN-WIN', 'GARD-HEDGE']);
    expect(await found({ search: '%' })).toEqual([]);
    expect(await found({ search: 'IT_WIFI' })).toEqual([]);
  });

  it('refuses limits and cursors that are none', async () => {
    const { catalog } = await setUp();
    for (const limit of [0, 201, 1.5]) {
      expect((await failure(catalog.list({ limit }))).code).toBe('invalid_limit');
    }
    for (const cursor of ['', 'x', 'WzFd', Buffer.from('["a"]').toString('base64url')]) {
      expect((await failure(catalog.list({ cursor }))).code, cursor).toBe('invalid_cursor');
    }
  });
});

describe('getting and setting', () => {
  it('gets by code in any case and by id, and knows what there is not', async () => {
    const { catalog } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    const { id } = await catalog.get(' custom ');
    expect((await catalog.get(id)).code).toBe('CUSTOM');
    for (const unknown of ['NOTHING', '01999999-0000-7000-8000-000000000000', "'; drop table--"]) {
      expect(await failure(catalog.get(unknown))).toMatchObject({
        kind: 'not_found',
        code: 'service_not_found',
      });
    }
  });

  it('changes a service, keeps what it was, and writes nothing when nothing changes', async () => {
    const { catalog, clock } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    clock.advance(60_000);
    const changes = {
      priceMinor: 9_900n,
      skills: [' Cleaning', 'HEAVY'],
      supplies: [{ item: 'Cloth pack', quantity: 3 }],
      notes: 'as agreed',
    };
    const { before, after, changed } = await catalog.set('CLEAN-STD', changes, { by: 'ivan' });
    expect(changed).toBe(true);
    expect(before).toMatchObject({ priceMinor: 8_900n, version: 1 });
    expect(after).toMatchObject({
      priceMinor: 9_900n,
      skills: ['cleaning', 'heavy'],
      supplies: [{ item: 'Cloth pack', quantity: 3 }],
      version: 2,
    });
    expect(await catalog.get('CLEAN-STD')).toEqual(after);
    expect((await catalog.history('CLEAN-STD'))[0]).toEqual({
      changedAt: clock.now(),
      changedBy: 'ivan',
      source: 'set',
      changes: {
        priceMinor: { old: '8900', new: '9900' },
        skills: { old: ['cleaning'], new: ['cleaning', 'heavy'] },
        supplies: { old: before.supplies, new: [{ item: 'Cloth pack', quantity: 3 }] },
        notes: { old: null, new: 'as agreed' },
      },
    });
    const again = await catalog.set('CLEAN-STD', changes, { by: 'ivan' });
    expect(again).toMatchObject({ changed: false, after: { version: 2 } });
    expect(await catalog.history('CLEAN-STD')).toHaveLength(2);
  });

  it('clears the price, the notes and the supplies, and nothing else', async () => {
    const { catalog } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    const cleared = { priceMinor: null, notes: null, supplies: [] };
    const { after } = await catalog.set('GARD-MOW', cleared, { by: 'ivan' });
    expect(after).toMatchObject(cleared);
    const error = await failure(catalog.set('GARD-MOW', { name: '', skills: [] }, { by: 'ivan' }));
    expect(error.issues.map(({ path }) => path)).toEqual(['name', 'skills']);
  });

  it('tells every fault at once, by the rules of the sheet', async () => {
    const { catalog } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    const error = await failure(
      catalog.set(
        'CUSTOM',
        {
          priceMinor: 0n,
          durationMinutes: 1_441,
          skills: ['a', 'A'],
          supplies: [{ item: 'Box; lid', quantity: 1 }],
        },
        { by: 'ivan' },
      ),
    );
    expect(error).toMatchObject({ kind: 'invalid', code: 'invalid_service' });
    expect(error.issues).toEqual([
      { path: 'priceMinor', message: 'Expected an amount of at least 0.01 USD.' },
      { path: 'durationMinutes', message: 'Expected a whole number from 1 to 1440.' },
      {
        path: 'skills',
        message: 'Expected each item once; "a" stands there twice. Did you mean "a"?',
      },
      { path: 'supplies', message: 'Expected items without semicolons and line breaks.' },
    ]);
    expect((await catalog.get('CUSTOM')).version).toBe(1);
  });

  it('refuses a change that was made for an older version', async () => {
    const { catalog } = await setUp();
    await catalog.importServices(SERVICES, { by: 'olga' });
    await catalog.set('CUSTOM', { priceMinor: 500n }, { by: 'olga', version: 1 });
    const error = await failure(
      catalog.set('CUSTOM', { priceMinor: 600n }, { by: 'ivan', version: 1 }),
    );
    expect(error).toMatchObject({
      kind: 'conflict',
      code: 'service_changed',
      data: { version: 2 },
    });
    expect((await catalog.get('CUSTOM')).priceMinor).toBe(500n);
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { StewardError } from '../../platform/errors.ts';
import { matchingConfigSchema } from './config.ts';
import { createMatching } from './matching.ts';
import { aCandidate, aReference } from './testing.ts';

const folder = await mkdtemp(join(tmpdir(), 'steward-matching-'));
afterAll(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

const create = (config: unknown) => createMatching(config, { resolveFrom: folder });

/** Path and message of every fault that the configuration is refused for. */
async function faultsOf(config: unknown): Promise<Record<string, string>> {
  const error = await create(config).catch((caught: unknown) => caught);
  if (!(error instanceof StewardError)) throw new Error('The configuration was accepted.');
  expect(error).toMatchObject({ kind: 'invalid', code: 'invalid_matching_config' });
  return Object.fromEntries(error.issues.map(({ path, message }) => [path, message]));
}

const goodStep = `export const step = {
  name: 'good', describe: 'Likes everybody.', kind: 'score',
  run: () => ({ score: 1, reason: 'is liked' }),
};`;

test('an empty configuration is complete, and reading it twice changes nothing', async () => {
  const config = matchingConfigSchema.parse({});
  expect(matchingConfigSchema.parse(config)).toEqual(config);
  const { steps, price } = (await create(config)).describe();
  expect(steps.map(({ name }) => name)).toEqual([
    'has-skills',
    'same-city',
    'daily-limit',
    'minimum-rating',
    'rating',
    'knows-customer',
    'even-load',
    'experience',
    'strengths',
  ]);
  expect(steps.map(({ share }) => share)).toEqual([
    null,
    null,
    null,
    null,
    0.4,
    0.2,
    0.2,
    0.1,
    0.1,
  ]);
  expect(price).toMatchObject({ name: 'catalog-price', parameters: { defaultPriceMinor: null } });
});

test('steps run in the order of the configuration and without weight count 1', async () => {
  const matching = await create({ steps: [{ use: 'even-load' }, { use: 'has-skills' }] });
  expect(matching.describe().steps).toMatchObject([
    { name: 'even-load', weight: 1, parameters: { fullLoad: 8 } },
    { name: 'has-skills', weight: null },
  ]);
});

test('all faults are reported together, each with its path', async () => {
  await write('broken.js', 'export const step = { name: "Broken", kind: "maybe" };');
  await write('other.js', 'export const stepp = 1;');
  await write('syntax.js', 'export const step = {');
  const faults = await faultsOf({
    steps: [
      { use: 'has-skils' },
      { use: 'daily-limit', weight: 2, parameters: { maxOrders: 0 } },
      { use: 'rating', onError: 'ignore', parameters: { prior: 3 } },
      { use: './missing.js' },
      { use: './broken.js' },
      { use: './other.js' },
      { use: './syntax.js' },
      { use: 'rating', weigth: 3 },
      { use: 'even-load', weight: -1 },
    ],
    price: { use: 'catalog-prise' },
    stepps: [],
  });
  expect(faults).toMatchObject({
    'steps.0.use': expect.stringMatching(/no package "has-skils".*Did you mean "has-skills"\?/),
    'steps.1.weight': expect.stringContaining('takes no weight'),
    'steps.1.parameters.maxOrders': expect.any(String),
    'steps.2.onError': expect.stringContaining('Only excluding steps'),
    'steps.2.parameters': expect.stringContaining('prior'),
    'steps.3.use': expect.stringMatching(/There is no file .*missing\.js/),
    'steps.4.use': expect.stringContaining('of the module "./broken.js" is not right'),
    'steps.5.use': expect.stringContaining('must export "step"; it exports stepp'),
    'steps.6.use': expect.stringContaining('cannot be loaded'),
    'steps.7.weigth': 'There is no key "weigth" here. Did you mean "weight"?',
    'steps.8.weight': expect.any(String),
    'price.use': expect.stringContaining('Did you mean "catalog-price"?'),
    stepps: 'There is no key "stepps" here. Did you mean "steps"?',
  });
});

test.each([
  ['nothing', undefined],
  ['a text', 'rating'],
  ['steps that are no list', { steps: 'rating' }],
  ['no steps at all', { steps: [] }],
])('%s instead of a configuration is refused', async (_what, config) => {
  expect(Object.keys(await faultsOf(config))).not.toHaveLength(0);
});

test('the same step twice with the same parameters is taken for a slip', async () => {
  const faults = await faultsOf({ steps: [{ use: 'rating' }, { use: 'rating', weight: 2 }] });
  expect(faults['steps.1']).toContain('stands twice');
});

test('a step is loaded from a file beside the configuration', async () => {
  await write('steps/good.js', goodStep);
  const matching = await create({ steps: [{ use: './steps/good.js', weight: 0.5 }] });
  const { ranked, receipt } = matching.rank(aReference(), [aCandidate('w')]);
  expect(ranked).toMatchObject([{ workerId: 'w', total: 1 }]);
  expect(receipt.steps).toEqual([
    { name: 'good', kind: 'score', weight: 0.5, parameters: {}, module: './steps/good.js' },
  ]);
});

test('a step is loaded from a package, also from one for import only', async () => {
  const manifest = (exported: unknown) => JSON.stringify({ type: 'module', exports: exported });
  await write('node_modules/plain-steps/package.json', '{"type":"module","main":"main.js"}');
  await write('node_modules/plain-steps/main.js', goodStep);
  const esm = 'node_modules/@our/steps/package.json';
  await write(esm, manifest({ '.': { import: './lib/main.js' } }));
  await write('node_modules/@our/steps/lib/main.js', goodStep.replace("'good'", "'ours'"));
  const matching = await create({ steps: [{ use: 'plain-steps' }, { use: '@our/steps' }] });
  expect(matching.describe().steps.map(({ name }) => name)).toEqual(['good', 'ours']);
});

test('a module may give its parameters as an object of defaults', async () => {
  await write(
    'bonus.js',
    `export const step = {
      name: 'bonus', describe: 'Adds.', kind: 'score', parameters: { bonus: 0.25, city: 'Harbour' },
      run: (_order, _worker, { bonus }) => ({ score: bonus, reason: 'bonus' }),
    };`,
  );
  const use = './bonus.js';
  const matching = await create({ steps: [{ use, parameters: { bonus: 0.75 } }] });
  expect(matching.rank(aReference(), [aCandidate('w')]).ranked[0]?.total).toBe(0.75);
  expect(matching.describe().steps[0]?.parameters).toEqual({ bonus: 0.75, city: 'Harbour' });
  expect(await faultsOf({ steps: [{ use, parameters: { bonus: '1', bonos: 1 } }] })).toEqual({
    'steps.0.parameters.bonus': 'Expected number, found string.',
    'steps.0.parameters.bonos': 'There is no such parameter: known are bonus, city.',
  });
});

test('a step cannot change its parameters for the orders after', async () => {
  await write(
    'greedy.js',
    `export const step = {
      name: 'greedy', describe: 'Changes its parameters.', kind: 'score', parameters: { list: [1] },
      run(_order, _worker, parameters) {
        parameters.list.push(1);
        return { score: 1, reason: 'done' };
      },
    };`,
  );
  const matching = await create({ steps: [{ use: './greedy.js' }] });
  const { faults } = matching.rank(aReference(), [aCandidate('w')]);
  expect(faults[0]?.error).toContain('TypeError');
  expect(matching.describe().steps[0]?.parameters).toEqual({ list: [1] });
});

test('an unknown time zone is refused', async () => {
  const creating = createMatching({}, { resolveFrom: folder, timeZone: 'Europe/Pariss' });
  await expect(creating).rejects.toThrow('"Europe/Pariss" is not a time zone');
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtInFormulas, builtInSteps } from './built-ins.ts';
import { createMatching, type Matching } from './matching.ts';
import { aCandidate, aReference } from './testing.ts';

const guide = await readFile(join(import.meta.dirname, '../../../docs/guide/matching.md'), 'utf8');
let folder: string;
let matching: Matching;

// The examples are taken out of the guide itself, so what people copy is what is tested.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steward-guide-'));
  const files = guide.matchAll(/<!-- file: (\S+) -->\n```\w+\n([\s\S]*?)```/g);
  for (const [, path = '', text = ''] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const rules = JSON.parse(await readFile(join(folder, 'rules.json'), 'utf8'));
  matching = await createMatching(rules.matching, { resolveFrom: folder, timeZone: 'Asia/Tokyo' });
});
afterAll(() => rm(folder, { recursive: true }));

test('the configuration of the guide loads with its two steps and its price formula', () => {
  const { steps, price } = matching.describe();
  expect(steps.map(({ name }) => name)).toEqual([
    'has-skills',
    'same-city',
    'daily-limit',
    'late-without-car',
    'knows-customer',
    'rating',
    'first-order',
  ]);
  expect(price).toMatchObject({ name: 'by-the-hour', parameters: { perHourMinor: 3000 } });
});

test('the steps of the guide do what they say', () => {
  // Ends at 22:00 in Tokyo.
  const reference = aReference({ endsAt: new Date('2026-11-25T13:00:00Z') });
  const { ranked, receipt, faults } = matching.rank(reference, [
    aCandidate('on-foot', { weaknesses: ['no car'] }),
    aCandidate('seasoned', { completedOrders: 5 }),
    aCandidate('newcomer'),
  ]);
  expect(faults).toEqual([]);
  expect(ranked.map(({ workerId }) => workerId)).toEqual(['newcomer', 'seasoned']);
  expect(receipt.excluded).toMatchObject([
    { workerId: 'on-foot', reason: 'has no car, the order ends after 22:00' },
  ]);
});

test('the price formula of the guide does what it says', () => {
  const { service } = aReference();
  const ofMinutes = (durationMinutes: number) =>
    matching.price(aReference({ service: { ...service, durationMinutes } }), aCandidate('w'));
  expect(ofMinutes(60)).toMatchObject({ amountMinor: 18_900n, formula: 'by-the-hour' });
  expect(ofMinutes(400).amountMinor).toBe(20_250n);
});

test('the tables of the guide name every built-in with its present defaults', async () => {
  const use = [...builtInSteps.keys()].map((name) => ({ use: name }));
  const prices = [...builtInFormulas.keys()];
  for (const formula of prices) {
    const config = { steps: use, price: { use: formula } };
    const described = (await createMatching(config, { resolveFrom: folder })).describe();
    for (const { name, parameters } of [...described.steps, described.price]) {
      const row = guide.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
      expect(row, name).not.toBe('');
      for (const [key, value] of Object.entries(parameters as object)) {
        if (key !== 'traits') expect(row).toContain(`\`${key}\` ${shown(value)}`);
      }
    }
  }
});

test('the table of traits in the guide is the present default', async () => {
  const [, text = ''] = /replaces this one:\n\n```json\n([\s\S]*?)```/.exec(guide) ?? [];
  const standard = await createMatching({}, { resolveFrom: folder });
  const strengths = standard.describe().steps.find(({ name }) => name === 'strengths');
  expect(strengths?.parameters).toMatchObject({ traits: JSON.parse(text) });
});

test('the weights of the guide are those of the default pipeline, in its order', async () => {
  const rows = guide.matchAll(/^\| `([a-z-]+)` *\| (?:exclude|score) *\| (\d*) *\|/gm);
  const told = [...rows].map(([, name, weight]) => [name, weight ? Number(weight) : null]);
  const { steps } = (await createMatching({}, { resolveFrom: folder })).describe();
  expect(told).toEqual(steps.map(({ name, weight }) => [name, weight]));
});

function shown(value: unknown): string {
  if (typeof value === 'string') return `\`${value}\``;
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

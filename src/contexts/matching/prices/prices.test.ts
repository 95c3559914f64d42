import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createContext } from '../context.ts';
import { createMatching } from '../matching.ts';
import type { PreparedFormula } from '../pipeline.ts';
import type { OrderedService } from '../samples.ts';
import type { PriceFormula } from '../step.ts';
import { aCandidate, aReference } from '../testing.ts';
import { computePrice } from './compute-price.ts';
import { divideRounded } from './rounding.ts';

const context = createContext('UTC');
const service = (over: Partial<OrderedService>) => ({ ...aReference().service, ...over });

async function surcharges(parameters: Record<string, unknown> = {}, timeZone = 'UTC') {
  const price = { use: 'catalog-price-with-surcharges', parameters };
  return createMatching({ price }, { resolveFrom: import.meta.dirname, timeZone });
}

test('without configuration the price is that of the catalog, and 100 units where there is none', async () => {
  const matching = await createMatching({}, { resolveFrom: import.meta.dirname });
  const worker = aCandidate('w');
  expect(matching.price(aReference(), worker)).toEqual({
    amountMinor: 18_900n,
    lines: [{ label: 'Deep cleaning', amountMinor: 18_900n }],
    formula: 'catalog-price',
  });
  const unpriced = aReference({ service: service({ priceMinor: null }) });
  expect(matching.price(unpriced, worker).amountMinor).toBe(10_000n);
  expect(matching.quote(aReference()).amountMinor).toBe(18_900n);
});

test.each([
  ['JPY', 1n, 100n],
  ['KWD', 1_000n, 100_000n],
])('100 units of %s are counted in its own minor units', async (_, minorUnitsPerUnit, price) => {
  const matching = await createMatching({}, { resolveFrom: '/', minorUnitsPerUnit });
  const { service } = aReference();
  const unpriced = aReference({ service: { ...service, priceMinor: null } });
  expect(matching.price(unpriced, aCandidate('w')).amountMinor).toBe(price);
});

test('the default price is a parameter', async () => {
  const config = { price: { parameters: { defaultPriceMinor: 7_500 } } };
  const matching = await createMatching(config, { resolveFrom: import.meta.dirname });
  const unpriced = { ...aReference(), service: service({ priceMinor: null }) };
  expect(matching.quote(unpriced).amountMinor).toBe(7_500n);
});

test('evening and weekend are those of the business time zone', async () => {
  // Saturday 00:30 in Paris is still Friday 23:30 UTC.
  const reference = aReference({ scheduledAt: new Date('2026-11-27T23:30:00Z') });
  const labels = async (timeZone: string) => {
    const matching = await surcharges({}, timeZone);
    return matching.price(reference, aCandidate('w')).lines.map(({ label }) => label);
  };
  expect(await labels('UTC')).toEqual(['Deep cleaning', 'Evening surcharge 15 %']);
  expect(await labels('Europe/Paris')).toEqual([
    'Deep cleaning',
    'Evening surcharge 15 %',
    'Weekend surcharge 20 %',
  ]);
  expect(await labels('America/New_York')).toEqual(['Deep cleaning', 'Evening surcharge 15 %']);
  expect(await labels('Pacific/Honolulu')).toEqual(['Deep cleaning']);
});

test('a quote knows neither time nor worker and has no surcharge for them', async () => {
  const matching = await surcharges({ topWorkerPercent: 10 });
  const quote = matching.quote({ ...aReference(), scheduledAt: null, endsAt: null, place: null });
  expect(quote.lines).toHaveLength(1);
});

test('a top-rated worker costs more where that is configured', async () => {
  const matching = await surcharges({ topWorkerPercent: 12.34 });
  const top = aCandidate('w', { rating: 4.9, ratingCount: 20 });
  expect(matching.price(aReference(), top).lines[1]).toEqual({
    label: 'Top-rated worker 12.34 %',
    amountMinor: 2_332n,
  });
  const newcomer = aCandidate('w', { rating: 5, ratingCount: 19 });
  expect(matching.price(aReference(), newcomer).lines).toHaveLength(1);
});

test('half a minor unit goes to the even neighbour or up, as configured', async () => {
  const night = aReference({
    scheduledAt: new Date('2026-11-25T22:00:00Z'),
    service: service({ priceMinor: 50n }),
  });
  const line = async (rounding: string) => {
    const matching = await surcharges({ rounding, eveningPercent: 5 });
    return matching.price(night, aCandidate('w')).lines[1]?.amountMinor;
  };
  expect(await line('half-even')).toBe(2n);
  expect(await line('half-up')).toBe(3n);
});

test('rounding is off by at most one half, and exact fractions stay', () => {
  const rule = fc.constantFrom('half-even' as const, 'half-up' as const);
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 15n), fc.bigInt(1n, 10n ** 6n), rule, (n, d, rounding) => {
      const rest = divideRounded(n, d, rounding) * d - n;
      expect(2n * (rest < 0n ? -rest : rest)).toBeLessThanOrEqual(d);
      expect(divideRounded(n * d, d, rounding)).toBe(n);
    }),
  );
});

test('the lines of a price always add up to its amount', async () => {
  const matching = await surcharges({ eveningPercent: 33.33, weekendPercent: 7.77 });
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 12n), fc.date({ noInvalidDate: true }), (priceMinor, at) => {
      const reference = aReference({ scheduledAt: at, service: service({ priceMinor }) });
      const price = matching.price(reference, aCandidate('w'));
      expect(price.fault).toBeUndefined();
      expect(price.lines.reduce((sum, line) => sum + line.amountMinor, 0n)).toBe(price.amountMinor);
    }),
  );
});

const prepared = (price: () => unknown, onError: PreparedFormula['onError']): PreparedFormula => ({
  formula: { name: 'mine', describe: 'Ours.', price } as PriceFormula,
  parameters: {},
  module: './mine.js',
  onError,
});

test.each([
  ['throws', () => JSON.parse('{'), 'SyntaxError'],
  ['is asynchronous', () => Promise.reject(new Error('late')), 'a promise'],
  ['returns a number', () => ({ amountMinor: 5, lines: [] }), 'in bigint'],
  ['has lines without labels', () => ({ amountMinor: 5n, lines: [{ amountMinor: 5n }] }), 'label'],
  ['does not add up', () => ({ amountMinor: 5n, lines: [] }), 'its lines add up to 0'],
  ['is negative', () => ({ amountMinor: -5n, lines: [{ label: 'x', amountMinor: -5n }] }), '-5'],
])('where a formula %s the catalog price stands in and says so', (_what, price, fault) => {
  const quote = computePrice(prepared(price, 'catalog-price'), aReference(), null, context);
  expect(quote).toMatchObject({ amountMinor: 18_900n, formula: 'catalog-price' });
  expect(quote.fault).toContain(fault);
});

test('a formula that fails refuses the order where that is configured', () => {
  const failing = prepared(() => null, 'refuse');
  expect(() => computePrice(failing, aReference(), null, context)).toThrow(
    expect.objectContaining({ kind: 'unavailable', code: 'price_formula_failed' }),
  );
});

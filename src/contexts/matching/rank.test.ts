import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createContext } from './context.ts';
import { createMatching } from './matching.ts';
import type { Pipeline, PreparedStep } from './pipeline.ts';
import { catalogPrice } from './prices/price-formulas.ts';
import { createRanker } from './rank.ts';
import { parseMatchReceipt } from './receipt/receipt.ts';
import { whyNot } from './receipt/why-not.ts';
import type { NormalSample } from './samples.ts';
import type { MatchingStep } from './step.ts';
import { aCandidate, aReference } from './testing.ts';

const context = createContext('UTC');
const standard = await createMatching({}, { resolveFrom: import.meta.dirname });

const someCandidate = (workerId: string): fc.Arbitrary<NormalSample> =>
  fc.record({
    workerId: fc.constant(workerId),
    city: fc.constantFrom('Harbour', 'harbour ', 'Oldtown'),
    skills: fc.subarray(['cleaning', 'heavy', 'pets']),
    strengths: fc.subarray(['punctual', 'strong', 'tidy']),
    weaknesses: fc.subarray(['slow', 'quiet', 'cleaning']),
    rating: fc.option(fc.double({ min: 0, max: 5, noNaN: true })),
    ratingCount: fc.nat(50),
    completedOrders: fc.nat(500),
    ordersThatDay: fc.nat(10),
    lastAssignedAt: fc.option(fc.date({ noInvalidDate: true })),
    workedForCustomerBefore: fc.nat(5),
  });
const someCandidates = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 })
  .chain((ids) => fc.tuple(...ids.map(someCandidate)));

/** Steps that read their scores from a table, so that a test can move one of them. */
function tableRanker(table: Record<string, number[]>, weights: readonly number[]) {
  return rankerOf(
    weights.map((weight, column) => ({
      weight,
      step: {
        name: `column-${column}`,
        describe: 'A column of the table.',
        kind: 'score',
        run: (_reference, { workerId }) => ({
          score: table[workerId]?.[column] ?? 0,
          reason: 'by table',
        }),
      },
    })),
  );
}

function rankerOf(
  steps: readonly { step: MatchingStep; weight?: number; onError?: PreparedStep['onError'] }[],
) {
  const pipeline: Pipeline = {
    steps: steps.map(({ step, weight, onError }) => ({
      step,
      parameters: {},
      weightUnits: step.kind === 'score' ? Math.round((weight ?? 1) * 1000) : 0,
      module: './outside.js',
      onError: onError ?? 'exclude',
    })),
    formula: { formula: catalogPrice, parameters: {}, module: null, onError: 'refuse' },
    reasonsFor: 5,
  };
  return createRanker(pipeline, context);
}

const badStep = (run: (workerId: string) => unknown, kind: 'score' | 'exclude') =>
  ({
    name: 'bad',
    describe: 'Misbehaves.',
    kind,
    run: (_reference: unknown, candidate: NormalSample) => run(candidate.workerId),
  }) as MatchingStep;

test('the order in which candidates arrive changes nothing, down to the receipt', () => {
  const shuffled = someCandidates.chain((candidates) =>
    fc.tuple(
      fc.constant(candidates),
      fc.shuffledSubarray(candidates, { minLength: candidates.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([candidates, others]) => {
      const reference = aReference();
      expect(standard.rank(reference, others)).toEqual(standard.rank(reference, candidates));
    }),
  );
});

test('every candidate is either ranked or excluded, and totals fall from at most 1 to at least 0', () => {
  fc.assert(
    fc.property(someCandidates, (candidates) => {
      const { ranked, receipt } = standard.rank(aReference(), candidates);
      const excluded = receipt.excluded.map(({ workerId }) => workerId);
      const together = [...ranked.map(({ workerId }) => workerId), ...excluded];
      expect(together.sort()).toEqual(candidates.map(({ workerId }) => workerId).sort());
      const totals = ranked.map(({ total }) => total);
      expect(totals).toEqual([...totals].sort((a, b) => b - a));
      expect(totals.every((total) => total >= 0 && total <= 1)).toBe(true);
    }),
  );
});

test('nobody without the skills, of another city or with a full day is ranked', () => {
  fc.assert(
    fc.property(someCandidates, (candidates) => {
      const { ranked } = standard.rank(aReference(), candidates);
      for (const { workerId } of ranked) {
        const worker = candidates.find((candidate) => candidate.workerId === workerId);
        expect(worker?.skills).toEqual(expect.arrayContaining(['cleaning', 'heavy']));
        expect(worker?.city.trim().toLowerCase()).toBe('harbour');
        expect(worker?.ordersThatDay).toBeLessThan(8);
      }
    }),
  );
});

test('raising one score never lowers the rank', () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  const table = fc.array(fc.array(score, { minLength: 3, maxLength: 3 }), {
    minLength: 2,
    maxLength: 8,
  });
  const weights = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(table, weights, fc.nat(7), fc.nat(2), score, (rows, units, row, column, more) => {
      const raised = row % rows.length;
      const rank = (scores: number[][]) => {
        const byId = Object.fromEntries(scores.map((line, index) => [`w${index}`, line]));
        const rankOf = tableRanker(
          byId,
          units.map((unit) => unit / 1000),
        );
        const { ranked } = rankOf(
          aReference(),
          Object.keys(byId).map((id) => aCandidate(id)),
        );
        return ranked.findIndex(({ workerId }) => workerId === `w${raised}`);
      };
      const higher = rows.map((line, index) =>
        index === raised
          ? line.map((value, at) => (at === column ? Math.max(value, more) : value))
          : line,
      );
      expect(rank(higher)).toBeLessThanOrEqual(rank(rows));
    }),
  );
});

test('a receipt survives JSON and its schema, and answers for everybody who was considered', () => {
  fc.assert(
    fc.property(someCandidates, (candidates) => {
      const { ranked, receipt } = standard.rank(aReference(), candidates, 20);
      const stored = JSON.parse(
        JSON.stringify({ ...receipt, chosenWorkerId: ranked[0]?.workerId, takenMeanwhile: [] }),
      );
      const read = parseMatchReceipt(stored);
      expect(read).toEqual(stored);
      for (const { workerId } of candidates) {
        const answer = whyNot(read, workerId);
        expect(answer.length).toBeGreaterThan(0);
        expect(answer.join(' ')).not.toContain('was not on the short list');
        expect(answer.join(' ')).not.toMatch(/undefined|NaN|null/);
      }
    }),
  );
});

test('the total is the weighted mean of the scores', () => {
  const rank = tableRanker({ a: [1, 0.5] }, [3, 1]);
  expect(rank(aReference(), [aCandidate('a')]).ranked[0]?.total).toBe(0.875);
});

test('weights of 0 leave everybody with 0 and the tie rule decides', () => {
  const rank = tableRanker({ b: [1], a: [0] }, [0]);
  const { ranked } = rank(aReference(), [aCandidate('b'), aCandidate('a')]);
  expect(ranked.map(({ workerId, total }) => [workerId, total])).toEqual([
    ['a', 0],
    ['b', 0],
  ]);
});

test('a tie goes to whoever was never assigned, then to the longest ago, then to the smaller id', () => {
  const rank = tableRanker({}, [1]);
  const at = (text: string) => ({ lastAssignedAt: new Date(text) });
  const { ranked } = rank(aReference(), [
    aCandidate('a', at('2026-11-20T00:00:00Z')),
    aCandidate('b', at('1960-01-01T00:00:00Z')),
    aCandidate('d'),
    aCandidate('c'),
  ]);
  expect(ranked.map(({ workerId }) => workerId)).toEqual(['c', 'd', 'b', 'a']);
});

test('scores that differ by less than a ten-thousandth are a tie', () => {
  const rank = tableRanker({ b: [0.500_01], a: [0.5] }, [1]);
  const { ranked } = rank(aReference(), [aCandidate('b'), aCandidate('a')]);
  expect(ranked[0]?.workerId).toBe('a');
});

test.each([
  ['throws', () => JSON.parse('{'), 'SyntaxError'],
  ['returns NaN', () => ({ score: Number.NaN, reason: 'x' }), 'the score NaN'],
  ['returns more than 1', () => ({ score: 1.01, reason: 'x' }), 'the score 1.01'],
  ['returns a bare number', () => 0.5, 'it returned 0.5'],
  ['returns nothing', () => undefined, 'it returned undefined'],
  ['is asynchronous', () => Promise.reject(new Error('late')), 'it returned a promise'],
])('a scoring step that %s counts 0.5 and is reported', (_what, run, error) => {
  const rank = rankerOf([{ step: badStep(run, 'score') }]);
  const { ranked, receipt, faults } = rank(aReference(), [aCandidate('b'), aCandidate('a')]);
  expect(ranked.map(({ total }) => total)).toEqual([0.5, 0.5]);
  expect(receipt.ranked[0]?.scores).toEqual([null]);
  expect(faults).toEqual([
    {
      step: 'bad',
      module: './outside.js',
      workerId: 'a',
      candidates: 2,
      error: expect.stringContaining(error),
    },
  ]);
});

test('a step that fails for one worker leaves the scores of the others alone', () => {
  const step = badStep((id) => (id === 'a' ? null : { score: 1, reason: 'good' }), 'score');
  const { ranked } = rankerOf([{ step }])(aReference(), [aCandidate('a'), aCandidate('b')]);
  expect(ranked).toMatchObject([
    { workerId: 'b', total: 1 },
    { workerId: 'a', total: 0.5 },
  ]);
});

test('a failing excluding step excludes, so that nobody unvetted is sent', () => {
  const step = badStep(() => false, 'exclude');
  const { ranked, receipt, faults } = rankerOf([{ step }])(aReference(), [aCandidate('a')]);
  expect(ranked).toEqual([]);
  expect(receipt.excluded[0]?.reason).toContain('the step failed');
  expect(faults).toHaveLength(1);
});

test('a failing excluding step with onError "ignore" lets pass and is still reported', () => {
  const step = badStep(() => 42, 'exclude');
  const rank = rankerOf([{ step, onError: 'ignore' }]);
  const { ranked, faults } = rank(aReference(), [aCandidate('a')]);
  expect(ranked).toHaveLength(1);
  expect(faults[0]?.error).toContain('it returned 42');
});

test('an excluded worker keeps the scores of the steps before, and later steps do not run', () => {
  const ran: string[] = [];
  const score = badStep((id) => {
    ran.push(id);
    return { score: 0.25, reason: 'early' };
  }, 'score');
  const exclude = badStep((id) => (id === 'a' ? 'is on holiday.' : null), 'exclude');
  const rank = rankerOf([{ step: score }, { step: exclude }, { step: score }]);
  const { receipt } = rank(aReference(), [aCandidate('a'), aCandidate('b')]);
  expect(ran).toEqual(['a', 'b', 'b']);
  expect(receipt.excluded).toEqual([
    { workerId: 'a', step: 1, reason: 'is on holiday', scores: [0.25] },
  ]);
});

test('the address of a customer does not get into a receipt through an outside step', () => {
  const step: MatchingStep = {
    name: 'talkative',
    describe: 'Repeats the address.',
    kind: 'score',
    run: ({ place }) => ({ score: 1, reason: `lives near ${place.address}` }),
  };
  const { receipt } = rankerOf([{ step }])(aReference(), [aCandidate('a')]);
  expect(JSON.stringify(receipt)).not.toContain('Pier Street');
  expect(receipt.ranked[0]?.reasons).toEqual(['lives near [address]']);
});

test('reasons are kept for the best only, scores for all', async () => {
  const config = { receipt: { reasonsFor: 1 } };
  const matching = await createMatching(config, { resolveFrom: import.meta.dirname });
  const { receipt } = matching.rank(aReference(), [aCandidate('a'), aCandidate('b')]);
  expect(receipt.ranked.map(({ reasons }) => reasons?.length)).toEqual([5, undefined]);
  expect(receipt.ranked.map(({ scores }) => scores.length)).toEqual([5, 5]);
});

test('an empty short list gives an empty ranking', () => {
  expect(standard.rank(aReference(), [])).toMatchObject({ ranked: [], faults: [] });
});

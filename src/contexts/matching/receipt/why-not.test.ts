import { expect, test } from 'vitest';
import { createMatching } from '../matching.ts';
import { aCandidate, aReference } from '../testing.ts';
import { explainMatch } from './explain-match.ts';
import { type MatchReceipt, parseMatchReceipt } from './receipt.ts';
import { whyNot } from './why-not.ts';

const matching = await createMatching({}, { resolveFrom: import.meta.dirname });
const names = new Map([
  ['w-anna', 'Anna'],
  ['w-boris', 'Boris'],
  ['w-clara', 'Clara'],
]);

function receipt(over: Partial<MatchReceipt> = {}): MatchReceipt {
  const workers = [
    aCandidate('w-boris', { rating: 4.9, ratingCount: 40, completedOrders: 60 }),
    aCandidate('w-anna', { rating: 3.1, ratingCount: 9, workedForCustomerBefore: 2 }),
    aCandidate('w-clara', { rating: 4.5, ratingCount: 3, ordersThatDay: 8 }),
  ];
  const { receipt: made } = matching.rank(aReference(), workers, 3);
  return { ...made, chosenWorkerId: made.ranked[0]?.workerId, ...over };
}

test('somebody excluded hears which step it was and why', () => {
  expect(whyNot(receipt(), 'w-clara', { names })).toEqual([
    'Clara was excluded by the step "daily-limit": already holds 8 orders that day, the limit is 8.',
  ]);
});

test('somebody ranked lower hears which steps made the difference, and what spoke in favour', () => {
  const [first, ...rest] = whyNot(receipt(), 'w-anna', { names });
  const [winner, loser] = explainMatch(receipt(), { names }).candidates;
  expect(first).toBe(
    `${loser?.name} had rank 2 of 2 with a total of ${loser?.total?.toFixed(3)}; ` +
      `${winner?.name} was chosen with ${winner?.total?.toFixed(3)}.`,
  );
  expect(winner?.name).toBe('Boris');
  expect(rest[0]).toMatch(
    /^What made the difference: rating 0\.581 \[rated 3\.1 from 9 ratings\] /,
  );
  expect(rest[0]).toContain('against 0.959 [rated 4.9 from 40 ratings] (−0.151)');
  expect(rest[0]).toContain('experience 0.000 [completed 0 orders] against 0.750');
  expect(rest[1]).toMatch(/^In favour: knows-customer 1\.000 .* \(\+0\.200\)\.$/);
});

test('the contributions of a ranked worker add up to the total', () => {
  for (const { total, steps } of explainMatch(receipt()).candidates) {
    if (total === null) continue;
    const sum = steps.reduce((all, { contribution }) => all + (contribution ?? 0), 0);
    expect(sum).toBeCloseTo(total, 3);
  }
});

test('the chosen one hears what the choice rests on, and who was next', () => {
  const answer = whyNot(receipt(), 'w-boris', { names });
  expect(answer[0]).toMatch(/^Boris was chosen: rank 1 of 2 with a total of 0\./);
  expect(answer[1]).toMatch(/^What it rests on: rating 0\.959/);
  expect(answer[2]).toMatch(/^The next in the ranking was Anna with 0\./);
});

test('somebody who was taken at the same moment hears so', () => {
  const taken = receipt({ chosenWorkerId: 'w-anna', takenMeanwhile: ['w-boris'] });
  expect(whyNot(taken, 'w-boris', { names }).join(' ')).toMatch(
    /^Boris had rank 1 of 2 .*above Anna .*but was taken by another order for that time/,
  );
  expect(explainMatch(taken, { names }).summary).toContain(
    'Boris ranked higher but was taken by another order at the same moment.',
  );
});

test('somebody who was never considered hears what the short list is', () => {
  const answer = whyNot(receipt(), 'w-zoe');
  expect(answer).toEqual([
    'Worker w-zoe was not on the short list.',
    'The short list has only active workers in Harbour with the skills cleaning, heavy who were ' +
      'free from 2026-11-25T10:00:00.000Z to 2026-11-25T15:00:00.000Z.',
    'It was full: it holds at most 3 workers, and there may have been more.',
  ]);
});

test('equal totals are explained by the rule for ties', () => {
  const { receipt: tied } = matching.rank(aReference(), [aCandidate('a'), aCandidate('b')]);
  expect(whyNot({ ...tied, chosenWorkerId: 'a' }, 'b').at(-1)).toMatch(/not assigned for longest/);
});

test('a receipt that nobody was chosen from yet is explained by the first', () => {
  expect(whyNot(receipt({ chosenWorkerId: undefined }), 'w-anna', { names })[0]).toContain(
    'Boris ranked first with',
  );
});

test('an explanation shows each step for each worker, up to the exclusion', () => {
  const explained = explainMatch(receipt(), { names });
  expect(explained.summary[0]).toBe('3 free workers were considered; 1 excluded, 2 ranked.');
  expect(
    explained.candidates.map(({ workerId, rank, chosen }) => [workerId, rank, chosen]),
  ).toEqual([
    ['w-boris', 1, true],
    ['w-anna', 2, false],
    ['w-clara', null, false],
  ]);
  const clara = explained.candidates[2]?.steps.map(({ outcome }) => outcome);
  expect(clara?.slice(0, 5)).toEqual([
    'passed',
    'passed',
    'excluded',
    'not-reached',
    'not-reached',
  ]);
});

test('an explanation of a score that failed says so and counts it as 0.5', () => {
  const made = receipt();
  const ranked = made.ranked.map((entry) => ({ ...entry, scores: [null, 0, 0, 0, 0] }));
  const explained = explainMatch({ ...made, ranked });
  expect(explained.candidates[0]?.steps[4]).toMatchObject({
    outcome: 'failed',
    score: 0.5,
    contribution: 0.2,
  });
});

test('no name, mail address or street stands in a receipt', () => {
  expect(JSON.stringify(receipt())).not.toMatch(/Anna|Boris|Clara|@|Pier Street|customer-1/);
});

test('a receipt of version 1, as it was first written, stays readable', () => {
  const stored = {
    receiptVersion: 1,
    request: { service: 'PET-WALK', skills: ['pets'], city: 'Harbour', from: 'a', to: 'b' },
    shortList: { considered: 2, limit: 20 },
    steps: [
      { name: 'same-city', kind: 'exclude', parameters: {} },
      { name: 'ours', kind: 'score', weight: 1.5, parameters: { x: 1 }, module: './ours.js' },
    ],
    ranked: [{ workerId: 'a', total: 0.5, scores: [null], reasons: ['the step failed'] }],
    excluded: [{ workerId: 'b', step: 0, reason: 'works in Oldtown' }],
    faults: [{ step: 1, error: 'Error: x', candidates: 1, workerId: 'a' }],
    chosenWorkerId: 'a',
    takenMeanwhile: [],
  };
  const read = parseMatchReceipt(stored);
  expect(read).toEqual(stored);
  expect(explainMatch(read).summary.at(-1)).toBe('The step "ours" failed for 1 worker: Error: x.');
});

test('a receipt of a newer version or no receipt at all is refused in words', () => {
  expect(() => parseMatchReceipt({ receiptVersion: 2 })).toThrow(/version 2.* reads up to 1/);
  expect(() => parseMatchReceipt({ receiptVersion: 1 })).toThrow(/not a match receipt: request/);
  expect(() => parseMatchReceipt(null)).toThrow(/not a match receipt/);
});

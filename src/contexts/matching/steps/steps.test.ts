import { expect, test } from 'vitest';
import { createContext } from '../context.ts';
import { readParameters } from '../parameters.ts';
import type { NormalSample } from '../samples.ts';
import type { MatchingStep } from '../step.ts';
import { aCandidate, aReference } from '../testing.ts';
import { dailyLimit, hasSkills, minimumRating, sameCity } from './excluding-steps.ts';
import { evenLoad, experience, knowsCustomer, rating } from './scoring-steps.ts';
import { strengths } from './strengths-step.ts';

/** Runs a step as the pipeline would, with its defaults filled. */
function run(
  step: MatchingStep,
  candidate: Partial<NormalSample>,
  parameters: Record<string, unknown> = {},
  reference = aReference(),
) {
  const read = readParameters(step.parameters, parameters, 'parameters');
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return step.run(reference, aCandidate('w', candidate), read.value, createContext('UTC'));
}

test('has-skills names what is missing and does not mind spelling', () => {
  expect(run(hasSkills, { skills: ['Cleaning ', 'heavy', 'pets'] })).toBeNull();
  expect(run(hasSkills, { skills: ['heavy'] })).toBe('lacks what the service asks for: cleaning');
});

test('has-skills lets everybody pass where the service asks for none', () => {
  const { service } = aReference();
  const reference = aReference({ service: { ...service, skills: [] } });
  expect(run(hasSkills, { skills: [] }, {}, reference)).toBeNull();
});

test('same-city compares without regard to case and spaces', () => {
  expect(run(sameCity, { city: ' HARBOUR' })).toBeNull();
  expect(run(sameCity, { city: 'Oldtown' })).toBe('works in Oldtown, the order is in Harbour');
});

test('daily-limit excludes at the limit, not below', () => {
  expect(run(dailyLimit, { ordersThatDay: 2 }, { maxOrders: 3 })).toBeNull();
  expect(run(dailyLimit, { ordersThatDay: 3 }, { maxOrders: 3 })).toContain('the limit is 3');
});

test('minimum-rating lets the unrated and the rarely rated pass', () => {
  expect(run(minimumRating, { rating: null })).toBeNull();
  expect(run(minimumRating, { rating: 1, ratingCount: 4 })).toBeNull();
  expect(run(minimumRating, { rating: 2, ratingCount: 5 })).toBeNull();
  expect(run(minimumRating, { rating: 1.9, ratingCount: 5 })).toBe(
    'is rated 1.9 from 5 ratings, at least 2 is asked for',
  );
});

test('rating draws few ratings towards the prior', () => {
  // (5 × 1 + 4 × 3) / 4 = 4.25 stars
  expect(run(rating, { rating: 5, ratingCount: 1 })).toMatchObject({ score: 0.8125 });
  expect(run(rating, { rating: 5, ratingCount: 1 }, { priorCount: 0 })).toMatchObject({ score: 1 });
  expect(run(rating, { rating: null })).toEqual({
    score: 0.75,
    reason: 'not rated yet, counts as 4',
  });
});

test('a rating below one star scores 0, not less', () => {
  const worst = { rating: 0, ratingCount: 10 };
  expect(run(rating, worst, { priorCount: 0 })).toMatchObject({ score: 0 });
});

test('experience has half of the score at halfAt and never reaches 1', () => {
  expect(run(experience, { completedOrders: 0 })).toMatchObject({ score: 0 });
  expect(run(experience, { completedOrders: 20 })).toMatchObject({ score: 0.5 });
  expect(run(experience, { completedOrders: 60 })).toMatchObject({ score: 0.75 });
});

test('even-load falls with each order of the day to 0', () => {
  expect(run(evenLoad, { ordersThatDay: 0 })).toMatchObject({ score: 1 });
  expect(run(evenLoad, { ordersThatDay: 2 })).toMatchObject({ score: 0.75 });
  expect(run(evenLoad, { ordersThatDay: 9 })).toMatchObject({ score: 0 });
});

test('knows-customer is full from the second order on', () => {
  expect(run(knowsCustomer, { workedForCustomerBefore: 0 })).toEqual({
    score: 0,
    reason: 'new to this customer',
  });
  expect(run(knowsCustomer, { workedForCustomerBefore: 1 })).toMatchObject({ score: 0.5 });
  expect(run(knowsCustomer, { workedForCustomerBefore: 7 })).toMatchObject({ score: 1 });
});

test('strengths counts a trait by the table, as a word of the service, and for every service', () => {
  const heavyCleaning = { strengths: ['Strong'], weaknesses: [] };
  expect(run(strengths, heavyCleaning)).toEqual({ score: 0.75, reason: 'strong in: Strong' });
  expect(run(strengths, { weaknesses: ['cleaning'] })).toMatchObject({ score: 0.25 });
  expect(run(strengths, { strengths: ['punctual'] })).toMatchObject({ score: 0.75 });
});

test('strengths stays neutral where no trait matters, and within 0 and 1 where many do', () => {
  expect(run(strengths, { strengths: ['patient'], weaknesses: ['quiet'] })).toMatchObject({
    score: 0.5,
  });
  expect(run(strengths, { strengths: ['punctual', 'tidy', 'strong'] })).toMatchObject({ score: 1 });
  const allBad = { weaknesses: ['cleaning', 'heavy', 'tidy'] };
  expect(run(strengths, allBad)).toMatchObject({ score: 0 });
});

test('strengths balances good and bad, by the table that is configured', () => {
  const mixed = { strengths: ['Fast Learner'], weaknesses: ['constructor'] };
  const parameters = { traits: { 'fast  learner': ['CLEANING'] }, perStrength: 0.1 };
  expect(run(strengths, mixed, parameters)).toEqual({
    score: 0.6,
    reason: 'strong in: Fast Learner',
  });
});

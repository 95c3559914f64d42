import { z } from 'zod';
import type { ScoringStep } from '../step.ts';

// Scores use only + - * /, which IEEE 754 defines to the last bit: every machine gets the same.

/** Stars, drawn towards a prior so that one lucky rating does not win. */
export const rating: ScoringStep<{ priorRating: number; priorCount: number }> = {
  name: 'rating',
  describe:
    'Prefers better rated workers; few ratings count little, and the unrated count as the prior.',
  kind: 'score',
  parameters: z.strictObject({
    priorRating: z.number().min(1).max(5).default(4),
    priorCount: z.number().min(0).max(1000).default(3),
  }),
  run(_reference, candidate, { priorRating, priorCount }) {
    if (candidate.rating === null || candidate.ratingCount === 0) {
      return { score: fromStars(priorRating), reason: `not rated yet, counts as ${priorRating}` };
    }
    const count = candidate.ratingCount;
    const stars = (candidate.rating * count + priorRating * priorCount) / (count + priorCount);
    const reason = `rated ${roundTo2(candidate.rating)} from ${count} ratings`;
    return { score: fromStars(stars), reason };
  },
};

/** Completed orders with diminishing return: n / (n + halfAt). */
export const experience: ScoringStep<{ halfAt: number }> = {
  name: 'experience',
  describe: 'Prefers workers who completed more orders; each further order counts less.',
  kind: 'score',
  parameters: z.strictObject({
    // With how many completed orders a worker has half of the possible score.
    halfAt: z.number().positive().max(100_000).default(20),
  }),
  run(_reference, candidate, { halfAt }) {
    const done = candidate.completedOrders;
    return { score: done / (done + halfAt), reason: `completed ${done} orders` };
  },
};

/** Spreads the orders of a day over the workers. */
export const evenLoad: ScoringStep<{ fullLoad: number }> = {
  name: 'even-load',
  describe: 'Prefers workers who hold fewer orders on the day of the order.',
  kind: 'score',
  parameters: z.strictObject({
    // The number of orders that day from which on the score is 0.
    fullLoad: z.int().min(1).max(1000).default(8),
  }),
  run(_reference, candidate, { fullLoad }) {
    const held = candidate.ordersThatDay;
    return {
      score: held >= fullLoad ? 0 : 1 - held / fullLoad,
      reason: `holds ${held} orders that day`,
    };
  },
};

/** Sends back whom the customer knows. */
export const knowsCustomer: ScoringStep<{ fullAt: number }> = {
  name: 'knows-customer',
  describe: 'Prefers workers who have worked for this customer before.',
  kind: 'score',
  parameters: z.strictObject({
    // From how many completed orders for the customer on the score is 1.
    fullAt: z.int().min(1).max(1000).default(2),
  }),
  run(_reference, candidate, { fullAt }) {
    const times = candidate.workedForCustomerBefore;
    return {
      score: times >= fullAt ? 1 : times / fullAt,
      reason: times === 0 ? 'new to this customer' : `worked for this customer before: ${times}`,
    };
  },
};

/** 1 star is 0, 5 stars are 1. */
function fromStars(stars: number): number {
  return Math.min(1, Math.max(0, (stars - 1) / 4));
}

function roundTo2(value: number): number {
  return Math.round(value * 100) / 100;
}

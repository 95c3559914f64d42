import { z } from 'zod';
import type { ExcludingStep } from '../step.ts';
import { sameWord } from './words.ts';

/** Every skill of the service must be among the worker's. */
export const hasSkills: ExcludingStep = {
  name: 'has-skills',
  describe: 'Excludes workers who lack a skill that the service asks for.',
  kind: 'exclude',
  parameters: z.strictObject({}),
  run(reference, candidate) {
    const { skills } = reference.service;
    if (skills.every((skill) => hasSkill(candidate.skills, skill))) return null;
    const missing = skills.filter((skill) => !hasSkill(candidate.skills, skill));
    return `lacks what the service asks for: ${missing.join(', ')}`;
  },
};

/** The worker's city must be the city of the order. */
export const sameCity: ExcludingStep = {
  name: 'same-city',
  describe: 'Excludes workers of another city than that of the order.',
  kind: 'exclude',
  parameters: z.strictObject({}),
  run(reference, candidate) {
    if (sameWord(candidate.city, reference.place.city)) return null;
    return `works in ${candidate.city}, the order is in ${reference.place.city}`;
  },
};

/** A cap on the orders of one day. */
export const dailyLimit: ExcludingStep<{ maxOrders: number }> = {
  name: 'daily-limit',
  describe: 'Excludes workers who already hold the largest number of orders for that day.',
  kind: 'exclude',
  parameters: z.strictObject({
    // Eight orders of an hour fill a working day.
    maxOrders: z.int().min(1).max(1000).default(8),
  }),
  run(_reference, candidate, { maxOrders }) {
    if (candidate.ordersThatDay < maxOrders) return null;
    return `already holds ${candidate.ordersThatDay} orders that day, the limit is ${maxOrders}`;
  },
};

/** A floor on the rating, once there are enough ratings to believe it. */
export const minimumRating: ExcludingStep<{ minimum: number; fromRatings: number }> = {
  name: 'minimum-rating',
  describe:
    'Excludes workers rated below a minimum, once enough customers have rated them; the unrated pass.',
  kind: 'exclude',
  parameters: z.strictObject({
    // Lenient: it stops only workers whom nearly every customer was unhappy with.
    minimum: z.number().min(0).max(5).default(2),
    fromRatings: z.int().min(1).max(10_000).default(5),
  }),
  run(_reference, candidate, { minimum, fromRatings }) {
    const { rating, ratingCount } = candidate;
    if (rating === null || ratingCount < fromRatings || rating >= minimum) return null;
    return `is rated ${rating} from ${ratingCount} ratings, at least ${minimum} is asked for`;
  },
};

function hasSkill(skills: readonly string[], wanted: string): boolean {
  return skills.includes(wanted) || skills.some((skill) => sameWord(skill, wanted));
}

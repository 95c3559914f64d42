import { z } from 'zod';

/** The numbers of order execution: section "orders" of the rules file. */
export const ordersRulesSchema = z.strictObject({
  /** no check-in this long after the agreed time, and the order fails by itself. */
  noShowAfterMinutes: z.int().min(1).max(1_440).default(30),
  /** how many nearest times a conflict names. */
  nearestTimes: z.int().min(0).max(10).default(3),
  /** How far around the wished time those are looked for. */
  nearestTimesWithinDays: z.int().min(1).max(60).default(14),
  /** An order further ahead than this is taken for a slip of the pen. */
  furthestDaysAhead: z.int().min(1).max(3_650).default(365),
  /** How many free workers SQL hands to matching. */
  shortListSize: z.int().min(1).max(200).default(20),
  /** Workers searched for the nearest free times; bounds the cost of a conflict. */
  nearestTimesPool: z.int().min(1).max(5_000).default(100),
  /** an answer can be had again for this long. */
  idempotencyKeyDays: z.int().min(1).max(365).default(7),
  /** The mean of the stars is pulled towards `stars` as if that many ratings had said so. */
  standingPrior: z
    .strictObject({ stars: z.number().min(1).max(5), ratings: z.int().min(1).max(1_000) })
    .default({ stars: 4, ratings: 5 }),
  cookies: z
    .strictObject({
      /** the contractor promises delivery within this time. */
      lateAfterMinutes: z.int().min(1).max(1_440).default(10),
      /** A cookie that the contractor never delivers is given up after this. */
      giveUpAfterHours: z.int().min(1).max(168).default(24),
      /** How long the built-in contractor bakes. */
      sandboxDelaySeconds: z.int().min(0).max(86_400).default(120),
    })
    .prefault({}),
});

export type OrdersRules = z.infer<typeof ordersRulesSchema>;

import { z } from 'zod';

const percent = z.int().min(0).max(100);
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 18:00');

/** The numbers of payments: section "payments" of the rules file. Units are major units. */
export const paymentsRulesSchema = z.strictObject({
  /** who has paid more than `overUnits` so far gets `percent` off; the last that fits holds. */
  discounts: z
    .array(z.strictObject({ overUnits: z.int().min(0), percent }))
    .refine(
      (tiers) =>
        tiers.every(
          (tier, index) => index === 0 || tier.overUnits > (tiers[index - 1]?.overUnits ?? 0),
        ),
      'expected tiers in the order of their amounts',
    )
    .default(
      [5, 6, 7, 8, 9, 10, 11, 12].map((off, index) => ({
        overUnits: (index + 1) * 10_000,
        percent: off,
      })),
    ),
  /** the worker's share of the price before discount, and what a failed order costs. */
  workerSharePercent: percent.default(60),
  failurePenaltyUnits: z.int().min(0).default(40),
  /** a credit above this needs a second finance manager. */
  creditApprovalOverUnits: z.int().min(0).default(500),
  invoices: z
    .strictObject({
      /** Orders that ended before this time of the Sunday are on that week's invoice. */
      closesAt: timeOfDay.default('18:00'),
      /** days after the first failed attempt on which a charge is tried again. */
      retryAfterDays: z.array(z.int().min(1).max(60)).max(10).default([1, 3, 5]),
      /** A run whose total is this many times above or below the mean of the last ones stops. */
      unusualTotalFactor: z.number().min(1).default(3),
      /** A customer this many times above their usual amount is shown as an oddity. */
      unusualCustomerFactor: z.number().min(1).default(5),
      /** More oddities than this stop the run. */
      mostOddities: z.int().min(0).default(10),
      /** How many earlier runs and invoices "usual" is made of. */
      comparedRuns: z.int().min(1).max(52).default(4),
    })
    .prefault({}),
  payouts: z
    .strictObject({
      /** What ended before this time of the month's last day is paid with that month. */
      closesAt: timeOfDay.default('18:00'),
      /** Where a worker has said nothing: through the provider, or by bank file. */
      defaultMethod: z.enum(['provider', 'bank']).default('provider'),
      /** As with invoices: what a run is stopped for, and what "usual" is made of. */
      unusualTotalFactor: z.number().min(1).default(3),
      unusualWorkerFactor: z.number().min(1).default(5),
      mostOddities: z.int().min(0).default(10),
      comparedRuns: z.int().min(1).max(52).default(4),
    })
    .prefault({}),
  charging: z
    .strictObject({
      /** A charge that is "sending" for longer has lost its process: then the provider is asked. */
      leaseSeconds: z.int().min(10).max(3_600).default(120),
      /** In doubt and nothing found for this long: it surely was never received. */
      settleAfterMinutes: z.int().min(1).max(1_440).default(15),
      /** Keys are remembered for 24 hours; beyond this many hours nothing is sent without asking. */
      keyHours: z.int().min(1).max(24).default(23),
      /** Calls to the provider at once. */
      atOnce: z.int().min(1).max(100).default(8),
    })
    .prefault({}),
  reconciling: z
    .strictObject({
      /** Days by which provider and ledger may differ on when something moved. */
      allowedLagDays: z.int().min(0).max(30).default(2),
    })
    .prefault({}),
  webhooks: z
    .strictObject({
      /** The payload of a webhook names people: it is emptied after this. */
      payloadDays: z.int().min(1).max(365).default(30),
    })
    .prefault({}),
  /** The provider's page sends customers back there. */
  returnUrl: z.url().default('https://example.org/payments'),
});

export type PaymentsRules = z.infer<typeof paymentsRulesSchema>;

import { z } from 'zod';

/** The steps of an installation that configures none: who may, then who is best. */
const DEFAULT_STEPS = [
  { use: 'has-skills' },
  { use: 'same-city' },
  { use: 'daily-limit' },
  { use: 'minimum-rating' },
  { use: 'rating', weight: 4 },
  { use: 'knows-customer', weight: 2 },
  { use: 'even-load', weight: 2 },
  { use: 'experience', weight: 1 },
  { use: 'strengths', weight: 1 },
];

const parameters = z
  .record(z.string(), z.unknown())
  .default({})
  .describe('Parameters of the step or formula; what is not given has its default.');

/** One step: a built-in name, a module beside the configuration file, or a package. */
export const stepConfigSchema = z.strictObject({
  use: z.string().min(1).max(500).describe('Built-in name, ./module.js or package name.'),
  weight: z
    .number()
    .min(0)
    .max(1000)
    .multipleOf(0.001)
    .optional()
    .describe('How much a scoring step counts beside the others; 1 when not given.'),
  parameters,
  onError: z
    .enum(['exclude', 'ignore'])
    .optional()
    .describe('What happens to a worker when an excluding step fails; exclude when not given.'),
});

/** The price formula: a built-in name, a module beside the configuration file, or a package. */
export const priceConfigSchema = z.strictObject({
  use: z.string().min(1).max(500).default('catalog-price'),
  parameters,
  onError: z
    .enum(['catalog-price', 'refuse'])
    .default('catalog-price')
    .describe('When a formula fails: take the catalog price, or refuse the order.'),
});

/** The key `matching` of `rules.json`. `{}` is a complete configuration. */
export const matchingConfigSchema = z.strictObject({
  // Fifty is far more than anybody can explain to a worker, and bounds the cost of an order.
  steps: z.array(stepConfigSchema).min(1).max(50).prefault(DEFAULT_STEPS),
  price: priceConfigSchema.prefault({}),
  receipt: z
    .strictObject({
      // A receipt is written with every order: words for the top, numbers for all.
      reasonsFor: z
        .int()
        .min(0)
        .max(1000)
        .default(5)
        .describe('For how many of the best ranked the reasons of their scores are kept.'),
    })
    .prefault({}),
});

/** A complete configuration of matching. */
export type MatchingConfig = z.output<typeof matchingConfigSchema>;
export type StepConfig = z.output<typeof stepConfigSchema>;
export type PriceConfig = z.output<typeof priceConfigSchema>;

import { z } from 'zod';
import { invalid } from '../../../platform/errors.ts';

/**
 * The receipt of a match, kept with the order: what ran, who was considered, and with what result.
 * It holds ids, never names. Lists are ordered and fields short, because one is written with every
 * order. Made when a receipt is read: every command would pay for it at its start otherwise.
 */
const receiptV1 = () =>
  z.object({
    receiptVersion: z.literal(1),
    /** What the short list was asked for. */
    request: z.object({
      service: z.string(),
      skills: z.array(z.string()),
      city: z.string(),
      from: z.string(),
      to: z.string(),
    }),
    /** How many workers were looked at, and the most that the short list can hold. */
    shortList: z.object({ considered: z.int(), limit: z.int().optional() }),
    /** The steps as they ran, in order. */
    steps: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['exclude', 'score']),
        weight: z.number().optional(),
        parameters: z.unknown(),
        module: z.string().optional(),
      }),
    ),
    /** Best first. `scores` follow the scoring steps in order; null is a step that failed (0.5). */
    ranked: z.array(
      z.object({
        workerId: z.string(),
        total: z.number(),
        scores: z.array(z.number().nullable()),
        reasons: z.array(z.string()).optional(),
      }),
    ),
    /** By worker id. `step` is the index of the step that excluded; `scores` of those before it. */
    excluded: z.array(
      z.object({
        workerId: z.string(),
        step: z.int(),
        reason: z.string(),
        scores: z.array(z.number().nullable()).optional(),
      }),
    ),
    /** Steps that failed: for how many workers, and the error for the first of them by id. */
    faults: z
      .array(
        z.object({ step: z.int(), error: z.string(), candidates: z.int(), workerId: z.string() }),
      )
      .optional(),
    /** Added when the order is placed: who got it, and who was taken by another order meanwhile. */
    chosenWorkerId: z.string().nullish(),
    takenMeanwhile: z.array(z.string()).nullish(),
  });

/** A receipt of the present version. */
export type MatchReceipt = z.output<ReturnType<typeof receiptV1>>;
export type ReceiptStep = MatchReceipt['steps'][number];

/** The version that is written. Older ones are brought to it when they are read. */
export const RECEIPT_VERSION = 1;

/**
 * Reads a receipt as it was stored, whatever version wrote it.
 * @throws StewardError `invalid_match_receipt` when it is none, or newer than this software
 */
export function parseMatchReceipt(stored: unknown): MatchReceipt {
  const version = z.object({ receiptVersion: z.int() }).safeParse(stored).data?.receiptVersion;
  if (version !== undefined && version > RECEIPT_VERSION) {
    const message = `The match receipt has version ${version}, this software reads up to ${RECEIPT_VERSION}: use a newer one.`;
    throw invalid(message, [{ path: 'receiptVersion', message }], 'invalid_match_receipt');
  }
  const parsed = receiptV1().safeParse(stored);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({
    path: path.join('.'),
    message,
  }));
  const first = issues[0];
  throw invalid(
    `This is not a match receipt: ${first?.path || 'the whole'}: ${first?.message}`,
    issues,
    'invalid_match_receipt',
  );
}

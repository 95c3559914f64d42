import { z } from 'zod';
import { invalid } from '../../../platform/errors.ts';
import { wordIssues } from '../../../platform/zod-words.ts';
import type { WorkerInput } from '../orders.ts';

const words = (most: number) =>
  z
    .array(z.string().trim().min(1, 'must not be empty').max(60, 'is longer than 60 characters'))
    .max(most)
    // The catalog writes skills in small letters; "Plumbing" and "plumbing " are the same skill.
    .transform((list) => [...new Set(list.map((word) => word.toLowerCase()))]);

const contact = (most: number) => z.string().trim().min(1).max(most).nullish();

/** One worker as people type it in: trimmed, skills in small letters, each once. */
export const workerInputSchema = z.strictObject({
  name: z.string().trim().min(1, 'must not be empty').max(200),
  city: z.string().trim().min(1, 'must not be empty').max(100),
  skills: words(50),
  strengths: words(30).optional(),
  weaknesses: words(30).optional(),
  email: z.email('expected a mail address such as anna@example.org').max(254).nullish(),
  phone: contact(40),
  notes: contact(2_000),
  subject: z.string().trim().min(1).max(200).optional(),
}) satisfies z.ZodType<WorkerInput, unknown>;

/** @throws StewardError `invalid_input` with every fault */
export function parseWorker<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const words = { key: 'a field of a worker', whole: 'worker' };
  const issues = wordIssues(parsed.error, input, schema, words);
  const list = issues.map((issue) => `${issue.path} ${issue.message}`).join('; ');
  throw invalid(`The worker is not right: ${list}.`, issues);
}

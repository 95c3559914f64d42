import { z } from 'zod';
import { matchingConfigSchema } from './contexts/matching/index.ts';
import { ordersRulesSchema } from './contexts/orders/index.ts';
import { paymentsRulesSchema } from './contexts/payments/rules.ts';
import type { RulesFile } from './platform/config.ts';
import { StewardError } from './platform/errors.ts';
import { wordIssues } from './platform/zod-words.ts';

/** Numbers that belong to no context. */
const serverRulesSchema = z.strictObject({
  /**
   * Connections to PostgreSQL per process. Three of each kind, with those of their queues, fit into
   * the hundred that PostgreSQL takes by default; 4 to 16 place about as many orders on two cores.
   */
  apiConnections: z.int().min(1).max(500).default(12),
  workerConnections: z.int().min(2).max(500).default(6),
  /** What `platform.purge` leaves of the book of job runs. */
  jobRunsDays: z.int().min(31).max(3_650).default(90),
});

const httpRulesSchema = z.strictObject({
  /**
   * Requests that one caller may send in a minute; null for no limit. A phone sends a few, a
   * partner's server that orders all day some hundred: this only stops a loop gone wild.
   */
  requestsPerMinute: z.int().min(1).nullable().default(6_000),
  /** How long a stopping server waits for requests that are being answered. */
  drainSeconds: z.int().min(1).max(300).default(25),
});

/** The whole rules file: every number of the business, with its default. */
export const rulesSchema = z.strictObject({
  orders: ordersRulesSchema.prefault({}),
  matching: matchingConfigSchema.prefault({}),
  payments: paymentsRulesSchema.prefault({}),
  http: httpRulesSchema.prefault({}),
  server: serverRulesSchema.prefault({}),
});

export type Rules = z.infer<typeof rulesSchema>;

/**
 * Checks the rules file and fills in the defaults.
 * @throws StewardError `invalid_rules` with every fault and its path in the file
 */
export function parseRules(file: RulesFile): Rules {
  const parsed = rulesSchema.safeParse(file.sections);
  if (parsed.success) return parsed.data;
  const words = { key: 'a rule', whole: 'the file' };
  const issues = wordIssues(parsed.error, file.sections, rulesSchema, words);
  const list = issues.map((issue) => `  ${issue.path} ${issue.message}`).join('\n');
  throw new StewardError('invalid', 'invalid_rules', `${file.path} has faults:\n${list}`, {
    issues,
  });
}

import { type RawBuilder, sql } from 'kysely';
import { formatMoney } from '../../../../platform/money.ts';
import type { Transaction } from '../../../../platform/postgres/database.ts';
import type { AllTables } from '../../dependencies.ts';

/** What a check sees: one snapshot of the books, whatever is booked meanwhile. */
export interface Scope {
  tx: Transaction<AllTables>;
  currency: string;
}

/** Sentences that are kept of a check. */
export const MOST_VIOLATIONS = 100;

/** Something that is not as it should be, as the check's SQL finds it. */
interface Finding {
  /** Which of the check's sentences. */
  about: string;
  id: string;
  /** A second id, day or word, where the sentence needs one. */
  other: string | null;
  found: bigint | null;
  expected: bigint | null;
}

/** Amounts of a finding as people read them; what is missing counts as nothing. */
interface Amounts {
  found: string;
  expected: string;
}

export interface Check {
  name: string;
  /** One row with `rows`: how many were looked at. */
  checked: RawBuilder<unknown>;
  /** Rows of {@link Finding}, in any order, at once for all. */
  findings: RawBuilder<unknown>;
  /** By `about`. */
  sentences: Readonly<Record<string, (finding: Finding, amounts: Amounts) => string>>;
}

/** Carries out a check. */
export async function examine(scope: Scope, check: Check) {
  const { rows: counts } = await sql<{ rows: bigint }>`${check.checked}`.execute(scope.tx);
  const { rows } = await sql<Finding>`
    select about, id::text as id, other::text as other, found::bigint as found,
      expected::bigint as expected
    from (${check.findings}) as f (about, id, other, found, expected)
    order by about, id, other limit ${MOST_VIOLATIONS}`.execute(scope.tx);
  const text = (amountMinor: bigint | null) =>
    formatMoney({ amountMinor: amountMinor ?? 0n, currency: scope.currency });
  const violations = rows.map((finding) => {
    const say = check.sentences[finding.about];
    if (!say) throw new Error(`Check ${check.name} has no words for "${finding.about}".`);
    return say(finding, { found: text(finding.found), expected: text(finding.expected) });
  });
  return {
    name: check.name,
    passed: violations.length === 0,
    checked: Number(counts[0]?.rows ?? 0n),
    violations,
  };
}

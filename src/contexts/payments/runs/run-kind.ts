import type { RawBuilder } from 'kysely';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';
import type { Run, RunException } from '../payments.ts';

/** Whom and what a run looks at. */
export interface RunScope {
  period: string;
  cutoff: Date;
  currency: string;
  only: readonly string[] | null;
  except: readonly RunException[];
}

/**
 * What makes a kind of run: everything else is the same for invoices and payouts. The SQL is
 * set-based, so that a hundred thousand people never pass through this process.
 */
export interface RunKind {
  kind: 'invoices' | 'payouts';
  person: 'customer' | 'worker';
  period: 'week' | 'month';
  /** Time of the period's last day, such as `18:00`. */
  closesAt: string;
  /** A total this many times above or below the mean of the last ones is unusual. */
  unusualTotalFactor: number;
  /** The same for a person's amount, above only. */
  unusualPersonFactor: number;
  mostOddities: number;
  comparedRuns: number;
  /**
   * A select with a row for everybody who is due something: `id` uuid, `items` int, `price_minor`,
   * `discount_minor`, `amount_minor` bigint, `usual_minor` bigint or null, `left_out` text (why not
   * in this run) or null, and `line` text: what must be the same at commit, which begins with the
   * id, a space and the amount.
   */
  people(scope: RunScope): RawBuilder<unknown>;
  /** Of these ids (SQL of a uuid[]) those that are known: a select of `id`. */
  known(ids: RawBuilder<unknown>): RawBuilder<unknown>;
  /** Makes it happen, in the transaction of the commit. */
  carryOut(tx: Transaction<AllTables>, run: Run, now: Date): Promise<void>;
  /** A select of `id` and `line`, as `people` has it, of what {@link carryOut} has made. */
  made(run: Run): RawBuilder<unknown>;
}

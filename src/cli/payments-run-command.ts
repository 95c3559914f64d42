import type { Run, RunPlan } from '../contexts/payments/index.ts';
import type { PaymentsApp } from '../payments-app.ts';
import { formatMoney } from '../platform/money.ts';
import { UsageError } from './error-report.ts';
import { shownOf } from './pages.ts';
import { PaymentsCommand } from './payments-command.ts';
import {
  comparisonColumns,
  gateMark,
  leftOutColumns,
  nextAfterPlan,
  openRun,
  plannedColumns,
  RUN_WORDS,
  runColumns,
  runFields,
  shortHash,
} from './payments-run-view.ts';

type Kind = Run['kind'];
interface PlanFlags {
  period?: string;
  only?: string[];
  except?: string[];
  reason?: string;
  show: number;
}
interface CommitFlags {
  despite?: string;
  'dry-run': boolean;
  yes: boolean;
}

/** Runs of invoices and of payouts are planned, looked at and committed in the same way. */
export abstract class RunCommand extends PaymentsCommand {
  protected plan(kind: Kind, flags: PlanFlags): Promise<RunPlan> {
    const { only, except = [], reason } = flags;
    if (except.length > 0 && reason === undefined) {
      throw new UsageError('reason_needed', 'Say with --reason why --except leaves somebody out.');
    }
    const exceptions = except.map((id) => ({ id, reason: reason ?? '' }));
    return this.withMoney(async (app) => {
      const { period, show } = flags;
      const request = { period, only, except: exceptions, show };
      const plan = await this.progress('Planning', () => app.payments[kind].plan(request));
      await this.showPlan(app, plan);
      this.next(...nextAfterPlan(plan));
      return plan;
    });
  }

  protected commit(kind: Kind, hash: string, flags: CommitFlags, next: (run: Run) => string[]) {
    return this.withMoney(async (app) => {
      const planned = await app.payments[kind].run(hash);
      this.fields(runFields(planned, this.time(app)));
      this.showGates(planned);
      if (flags['dry-run']) {
        this.remark('Would be computed anew and compared first; nothing was changed.');
        return { applied: false, run: planned };
      }
      const { people, totalMinor: amountMinor, currency } = planned;
      const papers = shownOf(people, people, RUN_WORDS[kind].paper);
      const question = `Make ${papers} of ${formatMoney({ amountMinor, currency })} in all?`;
      const ask = planned.status !== 'committed' && !flags.yes;
      if (ask && !(await this.confirmed(question, false))) return { applied: false, run: planned };
      const { despite } = flags;
      const run = await this.progress('Committing', () =>
        app.payments[kind].commit(hash, { despite }),
      );
      this.remark(run.replayed ? 'Was committed before; nothing was changed.' : 'Committed.');
      this.next(...next(run));
      return { applied: !run.replayed, run };
    });
  }

  protected runs(kind: Kind, flags: { period?: string; limit: number; cursor?: string }) {
    return this.withMoney(async (app) => {
      const { period } = flags;
      const columns = runColumns(kind, app.config.currency, this.time(app));
      const shown = await this.list(flags, (page) => app.payments[kind].runs({ period }, page), {
        noun: 'run',
        columns,
      });
      const open = openRun(shown.data);
      if (open) this.next(`payments ${kind} commit ${shortHash(open)}`);
      else this.next(`payments ${kind} list`);
      return shown;
    });
  }

  private async showPlan(app: PaymentsApp, plan: RunPlan): Promise<void> {
    const { kind, currency, shown, earlier, leftOut, oddities } = plan;
    const { person } = RUN_WORDS[kind];
    this.fields(runFields(plan, this.time(app)));
    const names = await this.names(
      app,
      [...shown, ...oddities].map((one) => one.id),
    );
    const odd = new Set(oddities.map((one) => one.id));
    if (shown.length > 0) {
      this.print('');
      this.table(plannedColumns(kind, shown, { currency, names, odd }), shown);
      const all = plan.people + leftOut.reduce((sum, one) => sum + one.people, 0);
      this.remark(`${shownOf(shown.length, all, person)}, the biggest first.`);
    }
    if (leftOut.length > 0) {
      this.print('');
      this.table(leftOutColumns(kind, currency), leftOut);
    }
    this.print('', this.styled('bold', earlier.length > 0 ? 'Compared' : 'The first run'));
    const now = { ...plan, period: `${plan.period}, planned` };
    this.table(comparisonColumns(kind, currency), [now, ...earlier]);
    if (oddities.length > 0) {
      this.print('', this.styled('bold', 'Oddities'));
      for (const one of oddities) {
        this.marked('!', 'yellow', `${names.get(one.id) ?? one.id}: ${one.detail}`);
      }
    }
    this.showGates(plan);
  }

  private showGates(run: Run): void {
    this.print('', this.styled('bold', 'Gates'));
    for (const gate of run.gates) {
      const { mark, style } = gateMark(gate);
      this.marked(mark, style, `${gate.gate}: ${gate.detail}`);
    }
  }
}

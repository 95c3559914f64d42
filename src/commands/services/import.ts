import { Args, Flags } from '@oclif/core';
import { EXIT } from '../../cli/exit-codes.ts';
import { shownOf } from '../../cli/pages.ts';
import { planColumns, planLines, planSource, planSummary } from '../../cli/plan-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import type { ServicesPlan } from '../../contexts/catalog/index.ts';

/** Lines of each kind that are shown unless all are asked for. */
const SHOWN = 30;

export default class ServicesImport extends StewardCommand {
  static override summary = 'Read services from an Excel workbook.';
  static override description =
    'Without --apply it only shows the plan: what is new, what changes from what to what, what is refused and why. With --apply all rows are written in one transaction; if any is refused, none is, unless --accept-good. Exit code 3: some rows were refused.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> services.xlsx',
    '<%= config.bin %> <%= command.id %> services.xlsx --apply',
    '<%= config.bin %> <%= command.id %> services.xlsx --sheet Prices --apply --accept-good',
  ];
  static override args = {
    file: Args.string({ description: 'Path of the .xlsx file.', required: true }),
  };
  static override flags = {
    apply: Flags.boolean({ summary: 'Write what the plan says.', default: false }),
    'accept-good': Flags.boolean({
      summary: 'Write the good rows although others are refused.',
      dependsOn: ['apply'],
      default: false,
    }),
    'dry-run': Flags.boolean({
      summary: 'Only show the plan; this is the default.',
      exclusive: ['apply'],
      default: false,
    }),
    sheet: Flags.string({ summary: 'Sheet to read, where several fit.', helpValue: '<name>' }),
    all: Flags.boolean({ summary: 'Show every line of the plan.', default: false }),
  };

  async run() {
    const { args, flags } = await this.parse(ServicesImport);
    const { sheet } = flags;
    return this.withApp(async (app) => {
      const by = (await app.manager()).id;
      const { plan, applied } = await this.progress(`Reading ${args.file}`, async () =>
        flags.apply
          ? app.catalog.importServices(args.file, { by, sheet, acceptGood: flags['accept-good'] })
          : { plan: await app.catalog.planServices(args.file, { sheet }), applied: false },
      );
      this.showPlan(plan, flags.all ? Number.POSITIVE_INFINITY : SHOWN);
      this.showEnd(plan, { applied, asked: flags.apply, file: args.file });
      if (plan.counts.refuse > 0) this.end(EXIT.partly);
      if (!this.jsonEnabled()) return undefined;
      const { planToJson } = await import('../../sheets/index.ts');
      return { applied, plan: planToJson(plan) };
    });
  }

  private showPlan(plan: ServicesPlan, limit: number): void {
    this.print(this.styled('bold', planSource(plan)), planSummary(plan));
    this.showSome('line', planLines(plan), limit, (lines) => this.table(planColumns, lines));
    this.showSome('fault', plan.faults, limit, (faults) =>
      this.paragraphs(...faults.map((fault) => `refused: ${fault.message}`)),
    );
    this.showSome('remark', plan.passedOver, limit, (notes) =>
      this.paragraphs(...notes.map((note) => `passed over: ${note.message}`)),
    );
  }

  private showSome<T>(
    noun: string,
    all: readonly T[],
    limit: number,
    show: (some: readonly T[]) => void,
  ): void {
    if (all.length === 0) return;
    this.print('');
    show(all.slice(0, limit));
    if (all.length > limit) this.remark(`${shownOf(limit, all.length, noun)}; --all shows all.`);
  }

  private showEnd(
    plan: ServicesPlan,
    { applied, asked, file }: { applied: boolean; asked: boolean; file: string },
  ): void {
    const { create, change, refuse } = plan.counts;
    if (applied) {
      this.remark(`Written: ${create} new, ${change} changed.`);
      this.next('services list');
    } else if (asked) {
      this.remark(`Nothing was written, because ${refuse} rows are refused.`);
      this.next(`services import ${file} --apply --accept-good`);
    } else {
      this.remark('Nothing was written.');
      if (create + change > 0) this.next(`services import ${file} --apply`);
    }
  }
}

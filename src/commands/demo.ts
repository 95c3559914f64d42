import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { demoProgress, summaryFields } from '../cli/demo-view.ts';
import { EXIT } from '../cli/exit-codes.ts';
import { interruption } from '../cli/interruption.ts';
import { StewardCommand } from '../cli/steward-command.ts';

export default class Demo extends StewardCommand {
  static override summary = 'Play a business week, and check what came of it.';
  static override description =
    'Starts everything embedded in a temporary home, imports services, adds workers, and lets 8 customers at once order through the HTTP API for a week of a virtual clock. Ends with a summary and the invariants that it checked; exit code 1 if one does not hold. Touches nothing that is configured.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --orders 1000 --seed rush',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = {
    orders: Flags.integer({
      summary: 'How many orders customers wish for.',
      default: 400,
      min: 1,
      max: 20_000,
      helpValue: '<n>',
    }),
    seed: Flags.string({
      summary: 'Equal seeds give nearly equal weeks.',
      default: 'steward',
      helpValue: '<text>',
    }),
    keep: Flags.boolean({ summary: 'Keep the home, to look around in it.', default: false }),
  };

  async run() {
    const { flags } = await this.parse(Demo);
    interruption.handleYourself();
    const [{ processEnvironment }, { runDemo }] = await Promise.all([
      import('../platform/config.ts'),
      import('../demo/run-demo.ts'),
    ]);
    const progress = demoProgress(process.stderr);
    const summary = await runDemo({
      ...flags,
      servicesFile: join(this.config.root, 'samples', 'services.xlsx'),
      environment: processEnvironment(),
      signal: interruption.signal,
      tell: progress,
    }).finally(progress.end);
    this.fields(summaryFields(summary));
    for (const [name, violations] of Object.entries(summary.violations)) {
      this.remark(this.styled('red', `${name} does not hold:`), ...violations.map((v) => `  ${v}`));
    }
    if (Object.keys(summary.violations).length > 0) this.end(EXIT.failed);
    if (summary.home) this.remark(`Kept: STEWARD_HOME=${summary.home} steward orders list`);
    this.next('start', 'orders why --help');
    return summary;
  }
}

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
    const stopping = new AbortController();
    const playing = runDemo({
      ...flags,
      servicesFile: join(this.config.root, 'samples', 'services.xlsx'),
      environment: processEnvironment(),
      signal: AbortSignal.any([interruption.signal, stopping.signal]),
      tell: progress,
    }).finally(progress.end);
    // Ctrl-C waits for the end of the play by itself; a closed pipe ends the process from outside.
    const forget = interruption.onInterrupt(async () => {
      stopping.abort();
      await playing.catch(() => undefined);
    });
    const summary = await playing.finally(forget);
    this.print('');
    this.fields(summaryFields(summary));
    const broken = Object.entries(summary.violations);
    for (const [name, violations] of broken) {
      this.remark('', this.styled('red', `${name} does not hold:`));
      this.remark(...violations.map((violation) => `  ${violation}`));
    }
    if (broken.length > 0) this.end(EXIT.failed);
    this.remark('');
    if (summary.home) this.remark(`Kept in ${summary.home}; look around in it with STEWARD_HOME.`);
    else this.next('demo --keep');
    this.remark('In a checkout "npm start" serves the API, with its reference page at /docs.');
    this.next('start');
    return summary;
  }
}

import { Args, Flags } from '@oclif/core';
import { UsageError } from '../../cli/error-report.ts';
import { dryRunFlag } from '../../cli/flags.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { changeColumns, workerDetailFlags, workerInput } from '../../cli/worker-view.ts';

export default class WorkersSet extends StewardCommand {
  static override summary = 'Change what is known about a worker.';
  static override description =
    'Lists are replaced as a whole. Orders that the worker holds already stay as they are.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 --skill cleaning,windows',
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 --phone - --dry-run',
  ];
  static override args = {
    worker: Args.string({ description: 'Id of the worker.', required: true }),
  };
  static override flags = {
    name: Flags.string({ summary: 'Full name.' }),
    city: Flags.string({ summary: 'Where the worker works.' }),
    activate: Flags.boolean({ summary: 'Works here again.', default: false }),
    ...workerDetailFlags,
    'dry-run': dryRunFlag,
  };

  async run() {
    const { args, flags } = await this.parse(WorkersSet);
    const input = { ...workerInput(flags), ...(flags.activate ? { active: true } : {}) };
    if (Object.keys(input).length === 0) {
      throw new UsageError('nothing_to_set', 'Say what to change, for example --city Berlin.');
    }
    return this.withApp(async (app) => {
      const options = { dryRun: flags['dry-run'] };
      const change = await app.orders.workers.set(args.worker, input, options);
      if (change.changes.length > 0) this.table(changeColumns, change.changes);
      if (change.changes.length === 0) this.remark('Nothing to change: it is so already.');
      else this.remark(change.applied ? 'Changed.' : 'Would be changed; nothing was written.');
      this.next(`workers show ${args.worker}`);
      return change;
    });
  }
}

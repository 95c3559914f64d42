import { Args } from '@oclif/core';
import { dryRunFlag, yesFlag } from '../../cli/flags.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class WorkersDeactivate extends StewardCommand {
  static override summary = 'A worker gets no further orders.';
  static override description =
    'Shows the orders that the worker still holds, which stay: cancel them if they cannot be done. "workers set --activate" takes it back.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001',
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 --yes',
  ];
  static override args = {
    worker: Args.string({ description: 'Id of the worker.', required: true }),
  };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };

  async run() {
    const { args, flags } = await this.parse(WorkersDeactivate);
    return this.withApp(async (app) => {
      const { workers } = app.orders;
      const preview = await workers.set(args.worker, { active: false }, { dryRun: true });
      const { worker, liveOrders } = preview;
      this.print(
        `${worker.name} (${worker.city}) holds ${liveOrders.length} orders not yet ended.`,
      );
      for (const order of liveOrders) this.print(`  ${order}`);
      if (preview.changes.length === 0) this.remark('Is inactive already.');
      if (flags['dry-run'] || preview.changes.length === 0) return preview;
      if (!(await this.confirmed('Deactivate this worker?', flags.yes))) return preview;
      const change = await workers.set(args.worker, { active: false });
      this.remark('Deactivated.');
      if (liveOrders.length > 0) this.next(`orders list --worker ${worker.id} --status assigned`);
      return change;
    });
  }
}

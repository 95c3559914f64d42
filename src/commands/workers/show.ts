import { Args } from '@oclif/core';
import { StewardCommand } from '../../cli/steward-command.ts';
import { workerFields } from '../../cli/worker-view.ts';

export default class WorkersShow extends StewardCommand {
  static override summary = 'Show one worker.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001',
  ];
  static override args = {
    worker: Args.string({ description: 'Id of the worker.', required: true }),
  };

  async run() {
    const { args } = await this.parse(WorkersShow);
    return this.withApp(async (app) => {
      const worker = await app.orders.workers.get(args.worker);
      this.fields(workerFields(worker, this.time(app)));
      this.next(`orders list --worker ${worker.id}`);
      return worker;
    });
  }
}

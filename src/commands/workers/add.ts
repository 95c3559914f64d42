import { Flags } from '@oclif/core';
import { StewardCommand } from '../../cli/steward-command.ts';
import { workerDetailFlags, workerFields, workerInput } from '../../cli/worker-view.ts';

export default class WorkersAdd extends StewardCommand {
  static override summary = 'Add a worker, who can get orders from now on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --name "Ann Smith" --city Berlin --skill cleaning,windows',
    '<%= config.bin %> <%= command.id %> --name "Bo Lund" --city Oslo --skill plumbing --email bo@example.com --json',
  ];
  static override flags = {
    name: Flags.string({ summary: 'Full name.', required: true }),
    city: Flags.string({ summary: 'Where the worker works.', required: true }),
    ...workerDetailFlags,
  };

  async run() {
    const { flags } = await this.parse(WorkersAdd);
    return this.withApp(async (app) => {
      const { name, city } = flags;
      const input = { skills: [], ...workerInput(flags), name, city };
      const worker = await app.orders.workers.add(input);
      this.fields(workerFields(worker, this.time(app)));
      this.next(`tokens issue --role worker --worker ${worker.id}`);
      return worker;
    });
  }
}

import { Args } from '@oclif/core';
import { withQueues } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsRetry extends StewardCommand {
  static override summary = 'Put a failed job back into its queue.';
  static override examples = ['<%= config.bin %> <%= command.id %> work:42'];
  static override args = {
    id: Args.string({ description: 'Id, as "jobs failed" shows it.', required: true }),
  };

  async run() {
    const { args } = await this.parse(JobsRetry);
    return this.withApp((app) =>
      withQueues(app, async (queues) => {
        await queues.retry(args.id);
        this.print(`${args.id} waits for a worker again.`);
        this.next('jobs failed');
        return { id: args.id, retried: true };
      }),
    );
  }
}

import { Args, Flags } from '@oclif/core';
import { EXIT } from '../../cli/exit-codes.ts';
import { yesFlag } from '../../cli/flags.ts';
import { mendText } from '../../cli/mend-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class StreamSkip extends StewardCommand {
  static override summary = 'Leave out, for ever, the event that a consumer cannot digest.';
  static override description =
    'Events of the order behind it are applied. The reason is kept; a replay leaves the event out, too.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> orders.mail 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --reason "address gone, told by phone"',
  ];
  static override args = {
    consumer: Args.string({ description: 'Name of the consumer.', required: true }),
    order: Args.string({ description: 'Id of the order.', required: true }),
  };
  static override flags = {
    reason: Flags.string({ summary: 'Why; kept in the books.', required: true }),
    yes: yesFlag,
  };

  async run() {
    const { args, flags } = await this.parse(StreamSkip);
    return this.withPartOf(args.consumer, async (app) => {
      const question = `Leave the event out of ${args.consumer} for ever?`;
      if (!(await this.confirmed(question, flags.yes))) return { outcome: 'unchanged' };
      const { id } = await app.manager();
      const decision = { reason: flags.reason, by: id };
      const report = await app.stream.skip(args.consumer, args.order, decision);
      this.print(mendText(report));
      if (report.outcome === 'parked') this.end(EXIT.failed);
      this.next('stream status');
      return report;
    });
  }
}

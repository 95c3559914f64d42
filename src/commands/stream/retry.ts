import { Args } from '@oclif/core';
import { EXIT } from '../../cli/exit-codes.ts';
import { mendText } from '../../cli/mend-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class StreamRetry extends StewardCommand {
  static override summary = 'Try again what is parked of an order.';
  static override description =
    'All events of the order that wait are applied in their order. Exit code 1: one failed again.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> orders.mail 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    consumer: Args.string({ description: 'Name of the consumer.', required: true }),
    order: Args.string({ description: 'Id of the order.', required: true }),
  };

  async run() {
    const { args } = await this.parse(StreamRetry);
    return this.withPartOf(args.consumer, async (app) => {
      const { id } = await app.manager();
      const report = await app.stream.retry(args.consumer, args.order, id);
      this.print(mendText(report));
      if (report.outcome === 'parked') {
        this.end(EXIT.failed);
        this.next(`stream skip ${args.consumer} ${args.order} --reason "…"`);
      } else this.next('stream status');
      return report;
    });
  }
}

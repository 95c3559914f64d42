import { Args, Flags } from '@oclif/core';
import { candidateLines, stepColumns } from '../../cli/match-view.ts';
import { priceText } from '../../cli/order-view.ts';
import { shownOf } from '../../cli/pages.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

/** Candidates that are shown unless all are asked for; the best stand first. */
const SHOWN = 10;

export default class OrdersWhy extends StewardCommand {
  static override summary = 'Explain why this worker got the order, and why another did not.';
  static override description =
    'Prints the receipt of the match as it was kept with the order: the steps that ran, who was considered, each score and exclusion, and the decision.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --worker 019ab0c2-0000-7000-8000-000000000001',
  ];
  static override args = {
    order: Args.string({ description: 'Id of the order.', required: true }),
  };
  static override flags = {
    worker: Flags.string({ summary: 'Also answer: why not this worker?', helpValue: '<id>' }),
    all: Flags.boolean({ summary: 'Show everybody who was considered.', default: false }),
  };

  async run() {
    const { args, flags } = await this.parse(OrdersWhy);
    return this.withApp(async (app) => {
      const report = await app.orders.orders.why(args.order, flags.worker);
      const { view, explanation, whyNot } = report;
      const { request } = explanation;
      const time = this.time(app);
      this.fields([
        ['order', view.order.id],
        ['asked for', `${request.service} in ${request.city}`],
        ['skills', request.skills.join(', ')],
        ['between', `${time(request.from)} and ${time(request.to)}`],
        ['price', priceText(view.order.price)],
      ]);
      this.print('', this.styled('bold', 'Steps'));
      this.table(stepColumns, explanation.steps);
      this.print('', this.styled('bold', 'Workers considered, best first'));
      const shown = flags.all ? explanation.candidates : explanation.candidates.slice(0, SHOWN);
      this.print(...shown.flatMap(candidateLines));
      const { considered } = explanation;
      this.remark(`${shownOf(shown.length, considered, 'worker')} shown.`);
      this.print('', this.styled('bold', 'Decision'));
      this.paragraphs(...explanation.summary);
      if (whyNot) {
        this.print('', this.styled('bold', 'Why not'));
        this.paragraphs(...whyNot);
      } else this.next(`orders why ${view.order.id} --worker <id>`);
      return { orderId: view.order.id, worker: view.worker, explanation, whyNot };
    });
  }
}

import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { explanationLines } from '../../cli/payments-proof-view.ts';
import { formatMoney } from '../../platform/money.ts';

export default class PaymentsExplain extends PaymentsCommand {
  static override summary = 'Explain an amount, down to orders, rules, rates and rounding.';
  static override description =
    'Finds out by itself what the id is of: an invoice (also by number), a payout, a charge, an order, a refund, a credit or a dispute.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 2026-W48-000123',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --json',
  ];
  static override args = {
    id: Args.string({ description: 'Id, or number of an invoice.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsExplain);
    return this.withMoney(async (app) => {
      const explanation = await app.payments.explain.explain(args.id);
      const { subject, title, amountMinor, currency } = explanation;
      this.paragraphs(title);
      if (explanation.lines.length > 0) this.print(...explanationLines(explanation, this.width()));
      if (amountMinor !== null) {
        this.print('', `${subject.kind}: ${formatMoney({ amountMinor, currency })}`);
      }
      this.next(`payments ledger transactions --subject ${subject.kind}/${subject.id}`);
      return explanation;
    });
  }
}

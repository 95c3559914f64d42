import { Args, Flags } from '@oclif/core';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { carefulFlags, reasonFlag } from '../../cli/payments-flags.ts';
import { clawBackOf, refundFields } from '../../cli/payments-refund-view.ts';
import { formatMoney, parseAmount } from '../../platform/money.ts';

export default class PaymentsRefund extends PaymentsCommand {
  static override summary = 'Pay an invoice back to the customer, in full or in part.';
  static override description =
    'The refund is sent by a job within a minute, or by "payments charges send". A part may be clawed back from a worker who has an order on the invoice: it is kept from the next payout.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 2026-W48-000123 --reason "work not done" --dry-run',
    '<%= config.bin %> <%= command.id %> 2026-W48-000123 --amount 40 --reason "half of it"',
    '<%= config.bin %> <%= command.id %> 2026-W48-000123 --amount 40 --reason "broken vase" --claw-back-worker 019ab0c2-0000-7000-8000-000000000001 --claw-back-amount 24',
  ];
  static override args = {
    invoice: Args.string({ description: 'Number or id of the invoice.', required: true }),
  };
  static override flags = {
    amount: Flags.string({
      summary: 'In major units, such as 40.00; without it, all that is left.',
      helpValue: '<amount>',
    }),
    reason: reasonFlag,
    'claw-back-worker': Flags.string({
      summary: 'Who bears a part of it.',
      helpValue: '<id>',
      dependsOn: ['claw-back-amount'],
    }),
    'claw-back-amount': Flags.string({
      summary: 'How much of it, in major units.',
      helpValue: '<amount>',
      dependsOn: ['claw-back-worker'],
    }),
    key: Flags.string({ summary: 'The same key refunds once.', helpValue: '<text>' }),
    ...carefulFlags,
  };

  async run() {
    const { args, flags } = await this.parse(PaymentsRefund);
    return this.withMoney(async (app) => {
      const { currency } = app.config;
      const request = {
        invoice: args.invoice,
        amountMinor: flags.amount === undefined ? undefined : parseAmount(flags.amount, currency),
        reason: flags.reason,
        clawBack: clawBackOf(flags['claw-back-worker'], flags['claw-back-amount'], currency),
        idempotencyKey: flags.key,
      };
      const names = await this.names(app, request.clawBack ? [request.clawBack.workerId] : []);
      const {
        applied,
        declined,
        result: refund,
      } = await this.careful(
        flags,
        (dryRun) => app.payments.refunds.refund({ ...request, dryRun }),
        ({ amountMinor }) =>
          `Pay ${formatMoney({ amountMinor, currency })} of ${args.invoice} back?`,
      );
      if (declined) return { applied, refund };
      // What was only tried has no id.
      this.fields(refundFields(refund, names, this.time(app)).slice(applied ? 0 : 1));
      this.outcome(applied, 'Planned.');
      if (applied) this.next('payments charges send', `payments invoices show ${args.invoice}`);
      return { applied, refund };
    });
  }
}

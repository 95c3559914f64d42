import { Flags } from '@oclif/core';
import { listFlag } from '../../../cli/flags.ts';
import { weekFlag } from '../../../cli/payments-flags.ts';
import { RunCommand } from '../../../cli/payments-run-command.ts';

export default class PaymentsInvoicesPlan extends RunCommand {
  static override summary = 'Compute the invoices of a week; changes nothing.';
  static override description =
    'Shows who would be invoiced how much, compared with the last weeks, what is unusual, which gates pass, and a hash of the content. Only "commit" with that hash makes the invoices. Without --period: the week that contains now.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --period 2026-W48 --show 50',
    '<%= config.bin %> <%= command.id %> --except 019ab0c2-0000-7000-8000-000000000001 --reason "price in dispute"',
  ];
  static override flags = {
    period: weekFlag,
    only: listFlag('Only these customers; repeat the flag or use commas.', '<id>'),
    except: listFlag('Without these customers; needs --reason.', '<id>'),
    reason: Flags.string({ summary: 'Why --except leaves them out; kept.', helpValue: '<text>' }),
    show: Flags.integer({
      summary: 'How many customers to show, the biggest first.',
      default: 20,
      min: 1,
      max: 10_000,
      helpValue: '<n>',
    }),
  };

  async run() {
    const { flags } = await this.parse(PaymentsInvoicesPlan);
    return this.plan('invoices', flags);
  }
}

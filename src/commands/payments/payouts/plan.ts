import { Flags } from '@oclif/core';
import { listFlag } from '../../../cli/flags.ts';
import { monthFlag } from '../../../cli/payments-flags.ts';
import { RunCommand } from '../../../cli/payments-run-command.ts';

export default class PaymentsPayoutsPlan extends RunCommand {
  static override summary = 'Compute the payouts of a month; changes nothing.';
  static override description =
    'Shows who would be paid how much, compared with the last months, what is unusual, which gates pass, and a hash of the content. Negative amounts are carried over, held workers left out. Only "commit" with that hash makes the payouts. Without --period: the month that contains now.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --period 2026-11 --show 50',
    '<%= config.bin %> <%= command.id %> --except 019ab0c2-0000-7000-8000-000000000001 --reason "price in dispute"',
  ];
  static override flags = {
    period: monthFlag,
    only: listFlag('Only these workers; repeat the flag or use commas.', '<id>'),
    except: listFlag('Without these workers; needs --reason.', '<id>'),
    reason: Flags.string({ summary: 'Why --except leaves them out; kept.', helpValue: '<text>' }),
    show: Flags.integer({
      summary: 'How many workers to show, the biggest first.',
      default: 20,
      min: 1,
      max: 10_000,
      helpValue: '<n>',
    }),
  };

  async run() {
    const { flags } = await this.parse(PaymentsPayoutsPlan);
    return this.plan('payouts', flags);
  }
}

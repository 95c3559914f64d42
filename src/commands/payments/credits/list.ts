import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { CREDIT_STATUSES, creditColumns } from '../../../cli/payments-credit-view.ts';
import { workerFlag } from '../../../cli/payments-flags.ts';

export default class PaymentsCreditsList extends PaymentsCommand {
  static override summary = 'List credits to workers, newest first, with what they come to.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --status requested',
    '<%= config.bin %> <%= command.id %> --worker 019ab0c2-0000-7000-8000-000000000001 --json',
  ];
  static override flags = {
    worker: workerFlag,
    status: Flags.option({ summary: 'Only in this state.', options: CREDIT_STATUSES })(),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsCreditsList);
    return this.withMoney(async (app) => {
      const filter = { workerId: flags.worker, status: flags.status };
      const shown = await this.listMoney(
        app,
        flags,
        (page) => app.payments.credits.list(filter, page),
        {
          noun: 'credit',
          person: (credit) => credit.workerId,
          columns: (names) => creditColumns(app.config.currency, names, this.time(app)),
        },
      );
      const waiting = shown.data.find((credit) => credit.status === 'requested');
      if (waiting)
        this.next(
          `payments approve ${waiting.id}`,
          `payments reject ${waiting.id} --reason "<reason>"`,
        );
      return shown;
    });
  }
}

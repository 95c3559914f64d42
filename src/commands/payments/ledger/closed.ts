import { shownOf } from '../../../cli/pages.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';

export default class PaymentsLedgerClosed extends PaymentsCommand {
  static override summary = 'List the months that are closed.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(PaymentsLedgerClosed);
    return this.withMoney(async (app) => {
      const months = await app.payments.ledger.closedMonths();
      const time = this.time(app);
      if (months.length > 0) {
        this.table(
          [
            { header: 'month', value: (one) => one.month },
            { header: 'closed', value: (one) => time(one.closedAt) },
            { header: 'by', value: (one) => one.closedBy },
          ],
          months,
        );
      }
      this.remark(shownOf(months.length, months.length, 'month'));
      this.next('payments ledger close <month> --dry-run');
      return { data: months };
    });
  }
}

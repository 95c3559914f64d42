import { shownOf } from '../../../cli/pages.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';

export default class PaymentsPayoutsHolds extends PaymentsCommand {
  static override summary = 'List workers who are held, and why.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(PaymentsPayoutsHolds);
    return this.withMoney(async (app) => {
      const holds = await app.payments.payouts.holds();
      const names = await this.names(
        app,
        holds.map((hold) => hold.workerId),
      );
      const time = this.time(app);
      if (holds.length > 0) {
        this.table(
          [
            { header: 'worker', value: (hold) => hold.workerId },
            { header: 'name', value: (hold) => names.get(hold.workerId) },
            { header: 'since', value: (hold) => time(hold.heldAt) },
            { header: 'by', value: (hold) => hold.heldBy },
            { header: 'reason', value: (hold) => hold.reason },
          ],
          holds,
        );
      }
      this.remark(shownOf(holds.length, holds.length, 'hold'));
      if (holds[0]) this.next(`payments payouts release ${holds[0].workerId}`);
      return { data: holds };
    });
  }
}

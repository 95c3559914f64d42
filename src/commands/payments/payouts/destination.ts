import { Args, Flags } from '@oclif/core';
import { dryRunFlag } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { destinationFields, newDestination } from '../../../cli/payments-payout-view.ts';

export default class PaymentsPayoutsDestination extends PaymentsCommand {
  static override summary = "Show or set where a worker's money goes.";
  static override description =
    'Through the provider, to an account that the worker opens on the hosted page, or by bank file to an IBAN. Payouts that are planned follow; those that are exported or sent do not.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001',
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 --bank --holder "Ann Smith" --iban DE89370400440532013000',
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 --provider',
  ];
  static override args = {
    worker: Args.string({ description: 'Id of the worker.', required: true }),
  };
  static override flags = {
    bank: Flags.boolean({
      summary: 'By bank file.',
      dependsOn: ['holder', 'iban'],
      exclusive: ['provider'],
    }),
    holder: Flags.string({ summary: 'Whose account it is.', dependsOn: ['bank'] }),
    iban: Flags.string({ summary: 'Of the account; checked.', dependsOn: ['bank'] }),
    provider: Flags.boolean({ summary: 'Through the provider.' }),
    account: Flags.string({
      summary: "The provider's account, where it is known already.",
      helpValue: '<ref>',
      dependsOn: ['provider'],
    }),
    'dry-run': dryRunFlag,
  };

  async run() {
    const { args, flags } = await this.parse(PaymentsPayoutsDestination);
    const wanted = newDestination(flags);
    return this.withMoney(async (app) => {
      const { payouts } = app.payments;
      const names = await this.names(app, [args.worker]);
      const before = await payouts.destination(args.worker);
      const write = wanted !== null && !flags['dry-run'];
      const destination = write ? await payouts.setDestination(args.worker, wanted) : before;
      this.fields(destinationFields(args.worker, names, destination));
      if (write) this.remark('Set.');
      else if (wanted) this.remark('Would be set anew; nothing was changed.');
      else
        this.next(
          `payments payouts destination ${args.worker} --bank --holder <name> --iban <iban>`,
        );
      return { workerId: args.worker, applied: write, destination };
    });
  }
}

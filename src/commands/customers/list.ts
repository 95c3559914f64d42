import { Flags } from '@oclif/core';
import { listFlags } from '../../cli/flags.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class CustomersList extends StewardCommand {
  static override summary = 'List customers.';
  static override examples = ['<%= config.bin %> <%= command.id %> --search "de Vries"'];
  static override flags = {
    search: Flags.string({ summary: 'Part of a name, mail or subject.', helpValue: '<text>' }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(CustomersList);
    return this.withApp(async (app) => {
      const time = this.time(app);
      return this.list(flags, (page) => app.orders.customers.list({ search: flags.search }, page), {
        noun: 'customer',
        columns: [
          { header: 'customer', value: (customer) => customer.id },
          { header: 'name', value: (customer) => customer.name },
          { header: 'since', value: (customer) => time(customer.createdAt) },
          { header: 'mail', value: (customer) => customer.email },
          { header: 'subject', value: (customer) => customer.subject },
        ],
      });
    });
  }
}

import { Args, Flags } from '@oclif/core';
import { UsageError } from '../../cli/error-report.ts';
import { listFlag } from '../../cli/flags.ts';
import { serviceChanges } from '../../cli/service-changes.ts';
import { serviceFields } from '../../cli/service-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class ServicesSet extends StewardCommand {
  static override summary = 'Change a service. Orders that exist keep what they were sold with.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> CLEAN-STD --price 89.50',
    '<%= config.bin %> <%= command.id %> CLEAN-STD --supply mop=1 --supply bucket=2',
    '<%= config.bin %> <%= command.id %> CLEAN-STD --no-active',
  ];
  static override args = {
    service: Args.string({ description: 'Code or id of the service.', required: true }),
  };
  static override flags = {
    name: Flags.string({ summary: 'What the customer sees.' }),
    category: Flags.string({ summary: 'Under which heading it is listed.' }),
    price: Flags.string({ summary: 'In major units, such as 89.50; "-" for none.' }),
    minutes: Flags.integer({ summary: 'How long the work takes.', min: 1 }),
    skill: listFlag('What a worker needs; repeat the flag or use commas.', '<skill>'),
    supply: listFlag('What a worker takes along, as item=quantity.', '<item=n>'),
    notes: Flags.string({ summary: 'For managers; "-" clears it.' }),
    active: Flags.boolean({ summary: 'Whether it can be ordered.', allowNo: true }),
    'if-version': Flags.integer({ summary: 'Only if it is still this version.' }),
  };

  async run() {
    const { args, flags } = await this.parse(ServicesSet);
    return this.withApp(async (app) => {
      const changes = serviceChanges(flags, app.config.currency);
      if (Object.keys(changes).length === 0) {
        throw new UsageError('nothing_to_set', 'Say what to change, for example --price 89.50.');
      }
      const by = (await app.manager()).id;
      const options = { by, version: flags['if-version'] };
      const result = await app.catalog.set(args.service, changes, options);
      this.fields(serviceFields(result.after, app.config.currency, this.time(app)));
      this.remark(result.changed ? 'Changed.' : 'Nothing to change: it is so already.');
      this.next(`services show ${result.after.code} --history`);
      return result;
    });
  }
}

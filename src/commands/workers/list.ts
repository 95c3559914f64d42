import { Flags } from '@oclif/core';
import { listFlags } from '../../cli/flags.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { workerColumns } from '../../cli/worker-view.ts';

export default class WorkersList extends StewardCommand {
  static override summary = 'List workers.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --city Berlin --skill cleaning',
    '<%= config.bin %> <%= command.id %> --inactive',
  ];
  static override flags = {
    city: Flags.string({ summary: 'Only in this city.' }),
    skill: Flags.string({ summary: 'Only who can do this.' }),
    search: Flags.string({ summary: 'Part of the name.', helpValue: '<text>' }),
    inactive: Flags.boolean({ summary: 'Who does not work here any more.', default: false }),
    all: Flags.boolean({ summary: 'Active or not.', default: false, exclusive: ['inactive'] }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(WorkersList);
    const { city, skill, search } = flags;
    const filter = { city, skill, search, active: flags.all ? undefined : !flags.inactive };
    return this.withApp((app) =>
      this.list(flags, (page) => app.orders.workers.list(filter, page), {
        noun: 'worker',
        columns: workerColumns,
      }),
    );
  }
}

import { Flags } from '@oclif/core';
import { listFlags } from '../../cli/flags.ts';
import { serviceColumns } from '../../cli/service-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class ServicesList extends StewardCommand {
  static override summary = 'List what can be ordered.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --category Cleaning',
    '<%= config.bin %> <%= command.id %> --search window --all',
  ];
  static override flags = {
    category: Flags.string({ summary: 'Only of this category.' }),
    search: Flags.string({
      summary: 'Part of the code, name, category or a skill.',
      helpValue: '<text>',
    }),
    inactive: Flags.boolean({ summary: 'What cannot be ordered any more.', default: false }),
    all: Flags.boolean({ summary: 'Active or not.', default: false, exclusive: ['inactive'] }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(ServicesList);
    const { category, search } = flags;
    const active = flags.all ? undefined : !flags.inactive;
    return this.withApp((app) =>
      this.list(
        flags,
        async (page) => {
          const { services, nextCursor } = await app.catalog.list({
            ...page,
            category,
            search,
            active,
          });
          return { data: services, nextCursor };
        },
        {
          noun: 'service',
          columns: serviceColumns(app.config.currency),
        },
      ),
    );
  }
}

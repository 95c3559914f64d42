import { Args, Flags } from '@oclif/core';
import { serviceFields } from '../../cli/service-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class ServicesShow extends StewardCommand {
  static override summary = 'Show one service and what was changed about it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> CLEAN-STD',
    '<%= config.bin %> <%= command.id %> CLEAN-STD --history',
  ];
  static override args = {
    service: Args.string({ description: 'Code or id of the service.', required: true }),
  };
  static override flags = {
    history: Flags.boolean({ summary: 'Who changed what and when.', default: false }),
  };

  async run() {
    const { args, flags } = await this.parse(ServicesShow);
    return this.withApp(async (app) => {
      const service = await app.catalog.get(args.service);
      const history = flags.history ? await app.catalog.history(args.service) : [];
      const time = this.time(app);
      this.fields(serviceFields(service, app.config.currency, time));
      if (flags.history) {
        this.print('', this.styled('bold', 'History'));
        this.table(
          [
            { header: 'at', value: (change) => time(change.changedAt) },
            { header: 'by', value: (change) => change.changedBy },
            { header: 'how', value: (change) => change.source },
            { header: 'what', value: (change) => changesText(change.changes) },
          ],
          history,
        );
      } else this.next(`services show ${service.code} --history`);
      return flags.history ? { ...service, history } : service;
    });
  }
}

function changesText(changes: Record<string, { old: unknown; new: unknown }>): string {
  return Object.entries(changes)
    .map(
      ([field, { old, new: now }]) => `${field}: ${JSON.stringify(old)} → ${JSON.stringify(now)}`,
    )
    .join('; ');
}

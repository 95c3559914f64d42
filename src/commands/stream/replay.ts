import { Args, Flags } from '@oclif/core';
import { dryRunFlag, yesFlag } from '../../cli/flags.ts';
import { parseMoment } from '../../cli/moment.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class StreamReplay extends StewardCommand {
  static override summary = 'Let a consumer read the stream again.';
  static override description =
    'A consumer whose tables hold nothing but what the stream says is emptied and reads all. One whose effects cannot be undone needs --from, and does nothing a second time.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> rating --dry-run',
    '<%= config.bin %> <%= command.id %> orders.mail --from 2026-11-24T10:00 --yes',
    '<%= config.bin %> <%= command.id %> orders.mail --from 120500',
  ];
  static override args = {
    consumer: Args.string({ description: 'Name of the consumer.', required: true }),
  };
  static override flags = {
    from: Flags.string({ summary: 'A time, or a position in the stream.', helpValue: '<where>' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };

  async run() {
    const { args, flags } = await this.parse(StreamReplay);
    return this.withPartOf(args.consumer, async (app) => {
      const { id: by } = await app.manager();
      const from =
        flags.from === undefined ? undefined : await place(flags.from, app.config.timeZone);
      const plan = await app.stream.replay(args.consumer, { from, by, dryRun: true });
      this.print(`${args.consumer} would read ${plan.events} events again.`);
      if (flags['dry-run']) return plan;
      if (!(await this.confirmed('Put its cursor back?', flags.yes))) return plan;
      const report = await app.stream.replay(args.consumer, { from, by });
      const requested = 'Requested: the worker puts it back within seconds.';
      this.remark(report.outcome === 'requested' ? requested : 'Put back.');
      this.next('stream status');
      return report;
    });
  }
}

async function place(text: string, timeZone: string) {
  if (/^\d+$/.test(text)) return { position: BigInt(text) };
  return { time: await parseMoment(text, timeZone) };
}

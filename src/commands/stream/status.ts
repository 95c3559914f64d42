import { formatDuration } from '../../cli/duration.ts';
import { partFlag } from '../../cli/flags.ts';
import { nameOf, type PartName } from '../../cli/parts.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { formatMoment } from '../../platform/business-time.ts';
import { loadConfig } from '../../platform/config.ts';
import type { StreamStatus } from '../../stream/index.ts';

export default class StreamStatusCommand extends StewardCommand {
  static override summary = 'Show how far each consumer of the order stream is.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  static override flags = { part: partFlag };

  async run() {
    const { flags } = await this.parse(StreamStatusCommand);
    return this.withParts(flags.part, async (apps) => {
      const found = [];
      for (const app of apps) found.push({ part: nameOf(app), ...(await app.stream.status()) });
      const status = joined(found);
      const { timeZone } = loadConfig();
      const time = (moment: Date) => formatMoment(moment, timeZone);
      this.table(
        [
          { header: 'consumer', value: (one) => one.consumer },
          { header: 'behind', value: (one) => one.eventsBehind, align: 'right' },
          {
            header: 'for',
            value: (one) => (one.eventsBehind ? formatDuration(one.secondsBehind * 1_000) : null),
            align: 'right',
          },
          { header: 'parked', value: (one) => one.parkedOrders, align: 'right' },
          { header: 'waiting', value: (one) => one.waitingEvents, align: 'right' },
          { header: 'skipped', value: (one) => one.skippedEvents, align: 'right' },
          { header: 'last event', value: (one) => one.lastEventAt && time(one.lastEventAt) },
        ],
        status.consumers,
      );
      if (status.log === 'restored') {
        this.remark('The log was restored from a dump: nothing is read until it is mended.');
        this.next('db migrate');
      }
      const { heldBack } = status;
      if (heldBack) {
        const who = heldBack.application ? ` by ${heldBack.application} (pid ${heldBack.pid})` : '';
        this.remark(`${heldBack.events} events wait for a transaction that is still open${who}.`);
      }
      if (status.consumers.some((one) => one.parkedOrders > 0)) this.next('stream parked');
      return status;
    });
  }
}

/** What both parts say, as one: they read the same log. */
function joined(found: readonly (StreamStatus & { part: PartName })[]) {
  return {
    log: found.some(({ log }) => log === 'restored') ? ('restored' as const) : ('ready' as const),
    consumers: found.flatMap(({ part, consumers }) => consumers.map((one) => ({ part, ...one }))),
    heldBack: found.find(({ heldBack }) => heldBack !== null)?.heldBack ?? null,
  };
}

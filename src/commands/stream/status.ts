import { formatDuration } from '../../cli/duration.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class StreamStatus extends StewardCommand {
  static override summary = 'Show how far each consumer of the order stream is.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run() {
    await this.parse(StreamStatus);
    return this.withApp(async (app) => {
      const status = await app.stream.status();
      const time = this.time(app);
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

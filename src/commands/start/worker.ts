import { StartCommand } from '../../cli/start-command.ts';

export default class StartWorker extends StartCommand {
  static override summary = 'Do the jobs only. Run as many as you like.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(StartWorker);
    return this.serveUntilStopped({ api: false, worker: true, payments: false });
  }
}

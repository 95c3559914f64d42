import { StartCommand } from '../../cli/start-command.ts';

export default class StartApi extends StartCommand {
  static override summary = 'Serve the HTTP API only. Run as many as you like.';
  static override examples = ['HOST=0.0.0.0 <%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(StartApi);
    return this.serveUntilStopped({ api: true, worker: false, payments: false });
  }
}

import { StartCommand } from '../../cli/start-command.ts';

export default class Start extends StartCommand {
  static override summary =
    'Serve the HTTP API, payments too, and do the jobs, all in one process.';
  static override description =
    'Runs until Ctrl-C or SIGTERM, then finishes what is under way. Without configuration everything is embedded: PostgreSQL in STEWARD_HOME, mail and photos as files.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'PORT=8080 <%= config.bin %> <%= command.id %>',
  ];

  async run() {
    await this.parse(Start);
    return this.serveUntilStopped({ api: true, worker: true, payments: null });
  }
}

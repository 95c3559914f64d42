import { StartCommand } from '../../cli/start-command.ts';

export default class StartPayments extends StartCommand {
  static override summary =
    "Serve payments' routes and do payments' jobs. Run as many as you like.";
  static override description =
    "Payments is a program of its own: PAYMENTS_DATABASE_URL is its database; of the main one it reads the order stream and nothing else (STREAM_DATABASE_URL, else DATABASE_URL). Listens on PAYMENTS_PORT. Without STRIPE_SECRET_KEY a sandbox takes the provider's place, and no money moves.";
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'PAYMENTS_PORT=8081 <%= config.bin %> <%= command.id %>',
  ];

  async run() {
    await this.parse(StartPayments);
    return this.serveUntilStopped({ api: false, worker: false, payments: true });
  }
}

import { Flags } from '@oclif/core';
import { parseDurationMs } from '../../cli/duration.ts';
import { UsageError } from '../../cli/error-report.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class TokensIssue extends StewardCommand {
  static override summary = 'Issue a token for the HTTP API.';
  static override description =
    'The token stands alone on stdout, so that TOKEN=$(steward tokens issue …) works. A customer comes into being with the first request; a worker must be there already. With OIDC_ISSUER set, tokens come from there instead.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --role customer --sub alice --name "Alice Doe" --mail alice@example.com',
    '<%= config.bin %> <%= command.id %> --role worker --worker 019ab0c2-0000-7000-8000-000000000001 --expires 30d',
    '<%= config.bin %> <%= command.id %> --role supplies --sub clerk-1',
  ];
  static override flags = {
    role: Flags.option({
      summary: 'Whose token it is.',
      options: ['customer', 'worker', 'supplies'] as const,
      required: true,
    })(),
    sub: Flags.string({ summary: 'Subject: who it is, for ever.', helpValue: '<subject>' }),
    worker: Flags.string({ summary: 'Id of the worker; looked up.', helpValue: '<id>' }),
    name: Flags.string({ summary: 'Name of the customer.' }),
    mail: Flags.string({ summary: 'Mail address of the customer.' }),
    expires: Flags.string({ summary: 'How long it is good for.', default: '8h' }),
  };

  async run() {
    const { flags } = await this.parse(TokensIssue);
    const expiresInMs = parseDurationMs(flags.expires);
    const sub = flags.worker === undefined ? flags.sub : await this.subjectOf(flags.worker);
    if (sub === undefined) {
      const how = flags.role === 'worker' ? '--worker <id>' : '--sub <subject>';
      throw new UsageError('subject_needed', `Say whose token it is: ${how}.`);
    }
    const [{ loadConfig }, { issueToken, ownKeyFile }] = await Promise.all([
      import('../../platform/config.ts'),
      import('../../platform/tokens/issue-token.ts'),
    ]);
    const { role, name, mail: email } = flags;
    const expiresInSeconds = Math.ceil(expiresInMs / 1_000);
    const keyFile = ownKeyFile(loadConfig().tokens);
    const token = await issueToken({ sub, role, name, email, expiresInSeconds }, keyFile);
    this.print(token);
    const expiresAt = new Date(Date.now() + expiresInSeconds * 1_000);
    if (process.stdout.isTTY) this.remark('Use it as: curl -H "Authorization: Bearer <token>" …');
    return { token, role, sub, expiresAt };
  }

  private subjectOf(workerId: string): Promise<string> {
    return this.withApp(async (app) => (await app.orders.workers.get(workerId)).subject);
  }
}

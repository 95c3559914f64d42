import { Flags } from '@oclif/core';
import type { Finding } from '../cli/doctor/finding.ts';
import { EXIT } from '../cli/exit-codes.ts';
import { StewardCommand } from '../cli/steward-command.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

export default class Doctor extends StewardCommand {
  static override summary = 'Check everything that steward depends on, and say what to do.';
  static override description =
    'Prints no secrets. Exit code 1: something does not work. Warnings alone do not fail it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = {
    config: Flags.boolean({ summary: 'Also every variable and its source.', default: false }),
  };

  async run() {
    const { flags } = await this.parse(Doctor);
    const { examine } = await import('../cli/doctor/examine.ts');
    const { showVariables, variableColumns } = await import('../cli/doctor/variables.ts');
    const findings: Finding[] = [];
    await examine((finding) => {
      findings.push(finding);
      this.print(...this.lines(finding));
    });
    const variables = showVariables();
    if (flags.config) {
      this.print('');
      this.table(variableColumns, variables);
    }
    const failed = findings.filter((finding) => finding.state === 'fail').length;
    const warned = findings.filter((finding) => finding.state === 'warn').length;
    this.remark(`${findings.length} checks: ${failed} failed, ${warned} with a warning.`);
    if (failed > 0) this.end(EXIT.failed);
    else if (!flags.config) this.next('doctor --config');
    return { ok: failed === 0, checks: findings, variables };
  }

  private lines({ what, state, detail, remedy }: Finding): string[] {
    const mark = this.styled(COLOURS[state], state.padEnd(4));
    const [first = '', ...more] = detail.split('\n');
    const line = `${mark}  ${what.padEnd(19)}  ${first}`;
    const indent = ' '.repeat(27);
    const rest = more.map((text) => indent + text.trim());
    return remedy ? [line, ...rest, `${indent}→ ${remedy}`] : [line, ...rest];
  }
}

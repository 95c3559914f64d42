import type { ProofReport } from '../contexts/payments/index.ts';
import { PaymentsCommand } from './payments-command.ts';
import { checkText, verdictText, violationLines } from './payments-proof-view.ts';

/** Proofs and reconciliations are shown alike. */
export abstract class ProofCommand extends PaymentsCommand {
  static override enableJsonFlag = true;

  protected showReport(report: ProofReport, all: boolean): void {
    for (const check of report.checks) {
      const [mark, style] = check.passed ? (['✓', 'green'] as const) : (['✗', 'red'] as const);
      this.marked(mark, style, checkText(check));
      for (const line of check.passed ? [] : violationLines(check, all)) this.paragraphs(line);
    }
    this.print('', this.styled(report.green ? 'green' : 'red', verdictText(report)));
  }
}

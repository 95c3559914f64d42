import type { ProofReport } from '../contexts/payments/index.ts';
import { PaymentsCommand } from './payments-command.ts';
import { checkLine, verdictText, violationLines } from './payments-proof-view.ts';

/** Proofs and reconciliations are shown alike. */
export abstract class ProofCommand extends PaymentsCommand {
  static override enableJsonFlag = true;

  protected showReport(report: ProofReport, all: boolean): void {
    for (const check of report.checks) {
      this.paragraphs(this.styled(check.passed ? 'green' : 'red', checkLine(check)));
      if (!check.passed) this.paragraphs(...violationLines(check, all));
    }
    this.print('', this.styled(report.green ? 'green' : 'red', verdictText(report)));
  }
}

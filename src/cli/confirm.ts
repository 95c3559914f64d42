import { Interrupted, UsageError } from './error-report.ts';

/**
 * Asks on the terminal. Enter means no.
 * @throws UsageError `confirmation_needed` where there is no terminal to ask on
 * @throws Interrupted on Ctrl-C and Ctrl-D
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(
      'confirmation_needed',
      'This asks for a confirmation, and there is no terminal to ask on: add --yes.',
    );
  }
  // Loaded here: no other command should pay for it at start-up.
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<never>((_, reject) => {
    terminal.on('SIGINT', () => reject(new Interrupted()));
    terminal.on('close', () => reject(new Interrupted()));
  });
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}

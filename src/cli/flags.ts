import { Flags } from '@oclif/core';
import type { PartName } from './parts.ts';

/** Of commands that list. */
export const listFlags = {
  limit: Flags.integer({
    summary: 'How many to show.',
    default: 30,
    min: 1,
    max: 10_000,
    helpValue: '<n>',
  }),
  cursor: Flags.string({
    summary: 'Go on where an earlier page ended.',
    helpValue: '<cursor>',
  }),
};

/** Of commands that ask. */
export const yesFlag = Flags.boolean({
  char: 'y',
  summary: 'Do not ask.',
  default: false,
});

/** Of commands that can show what they would do. */
export const dryRunFlag = Flags.boolean({
  summary: 'Show what would be done, change nothing.',
  default: false,
});

/** Of commands that look at both parts, each with a database of its own. */
export const partFlag = Flags.option({
  summary: 'Only this part; without it, both.',
  options: ['main', 'payments'] as const satisfies readonly PartName[],
})();

/** A list that may be given by repeating the flag or with commas. */
export function listFlag(summary: string, helpValue: string) {
  return Flags.string({
    summary,
    helpValue,
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
  });
}

import { Flags } from '@oclif/core';

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

import { Args, Flags } from '@oclif/core';
import { dryRunFlag, yesFlag } from './flags.ts';

/** Of commands that move money or cannot be taken back. */
export const carefulFlags = { 'dry-run': dryRunFlag, yes: yesFlag };

/** Why a person does it; kept in the books. */
export const reasonFlag = Flags.string({
  summary: 'Why; kept in the books.',
  helpValue: '<text>',
  required: true,
});

export const customerFlag = Flags.string({ summary: "Only this customer's.", helpValue: '<id>' });
export const workerFlag = Flags.string({ summary: "Only this worker's.", helpValue: '<id>' });
export const weekFlag = Flags.string({ summary: 'Week, such as 2026-W48.', helpValue: '<week>' });
export const monthFlag = Flags.string({ summary: 'Month, such as 2026-11.', helpValue: '<month>' });

/** A stretch of days, both included. */
export const dayFlags = {
  from: Flags.string({ summary: 'First day, such as 2026-11-01.', helpValue: '<day>' }),
  to: Flags.string({ summary: 'Last day, such as 2026-11-30.', helpValue: '<day>' }),
};

/** Balances as they were when this day ended. */
export const onFlag = Flags.string({
  summary: 'As it was at the end of this day.',
  helpValue: '<day>',
});

/** Of the commit of a run. */
export const commitArgs = {
  hash: Args.string({
    description: 'Hash of the plan, eight characters or more.',
    required: true,
  }),
};
export const commitFlags = {
  despite: Flags.string({
    summary: 'Why the run goes on although a hard gate has tripped; kept.',
    helpValue: '<text>',
  }),
  ...carefulFlags,
};

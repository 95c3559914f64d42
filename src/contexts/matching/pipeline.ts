import { z } from 'zod';
import { type Issue, invalid } from '../../platform/errors.ts';
import { nearest } from '../../platform/nearest.ts';
import { builtInFormulas, builtInSteps } from './built-ins.ts';
import {
  type MatchingConfig,
  matchingConfigSchema,
  type PriceConfig,
  priceConfigSchema,
  type StepConfig,
  stepConfigSchema,
} from './config.ts';
import { isFilePath, loadExport } from './load-module.ts';
import { isParameterDeclaration, readParameters } from './parameters.ts';
import type { MatchingStep, PriceFormula } from './step.ts';

/** A step with its parameters checked, ready to run. */
export interface PreparedStep {
  readonly step: MatchingStep;
  readonly parameters: unknown;
  /** Weight in thousandths, a whole number, so that totals are exact; 0 for an excluding step. */
  readonly weightUnits: number;
  /** What stands in the configuration where the step comes from outside; null for a built-in. */
  readonly module: string | null;
  readonly onError: 'exclude' | 'ignore';
}

/** A price formula with its parameters checked, ready to run. */
export interface PreparedFormula {
  readonly formula: PriceFormula;
  readonly parameters: unknown;
  readonly module: string | null;
  readonly onError: PriceConfig['onError'];
}

/** A whole configuration, ready to run. */
export interface Pipeline {
  readonly steps: readonly PreparedStep[];
  readonly formula: PreparedFormula;
  readonly reasonsFor: number;
}

/** Thousandths: the finest difference of weights that the configuration can tell. */
export const WEIGHT_UNITS = 1000;

/** Collects the faults of a configuration, so that they are reported together. */
type Report = (path: string, message: string) => void;

/**
 * Checks a configuration completely and loads the modules that it names.
 * @param folder the folder of the configuration file; paths and packages are found from there
 * @throws StewardError `invalid_matching_config` with every fault in `issues`
 */
export async function preparePipeline(config: unknown, folder: string): Promise<Pipeline> {
  const issues: Issue[] = [];
  const report: Report = (path, message) => issues.push({ path, message: sentence(message) });
  const shape = matchingConfigSchema.safeParse(config);
  for (const issue of shape.error?.issues ?? []) reportShapeFault(issue, report);

  // What has the right shape is checked to the end even beside faults of shape elsewhere.
  const parts = shape.data ?? soundParts(config);
  const steps: PreparedStep[] = [];
  for (const [index, entry] of parts.steps.entries()) {
    if (entry === null) continue;
    if (isRepeated(entry, parts.steps.slice(0, index))) {
      report(`steps.${index}`, `"${entry.use}" stands twice with the same parameters.`);
    }
    const step = await prepareStep(entry, `steps.${index}`, folder, report);
    if (step) steps.push(step);
  }
  const formula = parts.price && (await prepareFormula(parts.price, folder, report));
  if (!formula || !shape.success || issues.length > 0) {
    throw invalid(faultyMessage(issues), issues, 'invalid_matching_config');
  }
  return { steps, formula, reasonsFor: shape.data.receipt.reasonsFor };
}

async function prepareStep(
  entry: StepConfig,
  path: string,
  folder: string,
  report: Report,
): Promise<PreparedStep | null> {
  const found = await find(entry.use, 'step', builtInSteps, folder);
  if (!found.ok) {
    report(`${path}.use`, found.message);
    return null;
  }
  const checked = found.module === null ? null : stepShape.safeParse(found.exported);
  if (checked?.error) {
    reportShape(entry.use, 'step', checked.error, `${path}.use`, report);
    return null;
  }
  const step = found.exported as MatchingStep;
  if (step.kind === 'exclude' && entry.weight !== undefined) {
    report(`${path}.weight`, `"${step.name}" excludes and has no score, so it takes no weight.`);
  }
  if (step.kind === 'score' && entry.onError !== undefined) {
    const message = `"${step.name}" scores; a score that fails counts as 0.5. Only excluding steps take onError.`;
    report(`${path}.onError`, message);
  }
  const parameters = readParameters(step.parameters, entry.parameters, `${path}.parameters`);
  if (!parameters.ok) {
    for (const issue of parameters.issues) report(issue.path, issue.message);
    return null;
  }
  return {
    step,
    parameters: parameters.value,
    weightUnits: step.kind === 'score' ? Math.round((entry.weight ?? 1) * WEIGHT_UNITS) : 0,
    module: found.module,
    onError: entry.onError ?? 'exclude',
  };
}

async function prepareFormula(
  entry: PriceConfig,
  folder: string,
  report: Report,
): Promise<PreparedFormula | null> {
  const found = await find(entry.use, 'priceFormula', builtInFormulas, folder);
  if (!found.ok) {
    report('price.use', found.message);
    return null;
  }
  const checked = found.module === null ? null : formulaShape.safeParse(found.exported);
  if (checked?.error) {
    reportShape(entry.use, 'priceFormula', checked.error, 'price.use', report);
    return null;
  }
  const formula = found.exported as PriceFormula;
  const parameters = readParameters(formula.parameters, entry.parameters, 'price.parameters');
  if (!parameters.ok) {
    for (const issue of parameters.issues) report(issue.path, issue.message);
    return null;
  }
  return { formula, parameters: parameters.value, module: found.module, onError: entry.onError };
}

const shared = {
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'Expected a name such as quiet-hours.'),
  describe: z.string().min(1).max(500),
  parameters: z
    .custom(isParameterDeclaration, 'Expected a schema or an object of defaults.')
    .optional(),
};
const isFunction = (value: unknown) => typeof value === 'function';
const stepShape = z.object({
  ...shared,
  kind: z.enum(['exclude', 'score']),
  run: z.custom(isFunction, 'Expected a function.'),
});
const formulaShape = z.object({ ...shared, price: z.custom(isFunction, 'Expected a function.') });

type Found =
  | { ok: true; exported: unknown; module: string | null }
  | { ok: false; message: string };

async function find(
  use: string,
  exportName: 'step' | 'priceFormula',
  builtIns: ReadonlyMap<string, unknown>,
  folder: string,
): Promise<Found> {
  const builtIn = builtIns.get(use);
  if (builtIn !== undefined) return { ok: true, exported: builtIn, module: null };
  const loaded = await loadExport(use, folder, exportName);
  if (loaded.ok) return { ok: true, exported: loaded.exported, module: use };
  if (isFilePath(use)) return loaded;
  const meant = nearest(use, builtIns.keys());
  const hint = meant
    ? `Did you mean "${meant}"?`
    : `Built in are ${[...builtIns.keys()].join(', ')}.`;
  return { ok: false, message: `${loaded.message} ${hint}` };
}

function reportShape(use: string, name: string, error: z.ZodError, path: string, report: Report) {
  for (const issue of error.issues) {
    const where = [name, ...issue.path].join('.');
    report(path, `"${where}" of the module "${use}" is not right: ${issue.message}`);
  }
}

/** Keys of all levels, for "did you mean". */
const KEYS = ['steps', 'price', 'receipt', 'use', 'weight', 'parameters', 'onError', 'reasonsFor'];

function reportShapeFault(issue: z.core.$ZodIssue, report: Report): void {
  if (issue.code !== 'unrecognized_keys') {
    report(issue.path.join('.'), issue.message);
    return;
  }
  for (const key of issue.keys) {
    const meant = nearest(key, KEYS);
    const hint = meant ? ` Did you mean "${meant}"?` : '';
    report([...issue.path, key].join('.'), `There is no key "${key}" here.${hint}`);
  }
}

/** The parts that can be checked further; null stands for an entry of the wrong shape. */
function soundParts(config: unknown): {
  steps: (StepConfig | null)[];
  price: MatchingConfig['price'] | null;
} {
  const raw = z.looseObject({ steps: z.array(z.unknown()).catch([]) }).safeParse(config).data;
  return {
    steps:
      raw?.steps.slice(0, 50).map((step) => stepConfigSchema.safeParse(step).data ?? null) ?? [],
    price: priceConfigSchema.safeParse(raw?.price ?? {}).data ?? null,
  };
}

function isRepeated(entry: StepConfig, before: readonly (StepConfig | null)[]): boolean {
  const parameters = JSON.stringify(entry.parameters);
  return before.some(
    (other) => other?.use === entry.use && JSON.stringify(other.parameters) === parameters,
  );
}

function faultyMessage(issues: readonly Issue[]): string {
  const told = issues.map(({ path, message }) => `${path || 'matching'}: ${message}`);
  const count = issues.length === 1 ? 'one fault' : `${issues.length} faults`;
  return `The configuration of matching has ${count}. ${told.join(' ')}`;
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../platform/config.ts';
import { type Finding, fail, look, ok, warn } from './finding.ts';

const NODE_AT_LEAST = 24;
/** Bits of others: a key or a password that everybody on the machine can read. */
const OTHERS = 0o077;

export function checkNode(version = process.versions.node): Finding {
  const major = Number(version.split('.')[0]);
  if (major >= NODE_AT_LEAST) return ok('Node', version);
  return fail('Node', version, `Install Node ${NODE_AT_LEAST} or newer.`);
}

/** The folder of all embedded data, and what lies in it. */
export function checkHome(config: Config): Promise<Finding[]> {
  const remedy = 'Make the folder writable for this user, or set STEWARD_HOME to another one.';
  return look('home', remedy, async () => {
    await mkdir(config.home, { recursive: true });
    await access(config.home, constants.R_OK | constants.W_OK);
    return ok('home', `${config.home} is writable`);
  });
}

export async function checkRules(config: Config): Promise<Finding[]> {
  const { parseRules } = await import('../../rules.ts');
  return look('rules', 'Mend the file; see docs for its sections.', () => {
    parseRules(config.rules);
    return ok('rules', config.rules.path ?? 'no file: all defaults hold');
  });
}

export function checkPhotos({ photos }: Config): Promise<Finding[]> {
  if (photos.kind === 's3') {
    const place = photos.endpoint ?? photos.region;
    return Promise.resolve([ok('photos', `bucket ${photos.bucket} (${place}); not asked`)]);
  }
  return look('photos', 'Make the folder writable for this user.', async () => {
    await mkdir(photos.folder, { recursive: true });
    await access(photos.folder, constants.R_OK | constants.W_OK);
    return ok('photos', `files in ${photos.folder}`);
  });
}

export function checkTokens({ tokens }: Config): Promise<Finding[]> {
  if (tokens.kind === 'oidc') {
    return look('tokens', 'Check OIDC_ISSUER and that it can be reached from here.', async () => {
      const { createIssuerKeys } = await import('../../platform/tokens/issuer-keys.ts');
      const { issuer } = await createIssuerKeys(tokens.issuer)();
      return ok('tokens', `from ${issuer}, for ${tokens.audience}`);
    });
  }
  return look('tokens', 'Make the key file readable for this user.', async () => {
    const file = await stat(tokens.keyFile).catch(() => undefined);
    if (!file) return ok('tokens', `own key, made at the first use in ${dirname(tokens.keyFile)}`);
    const remedy = `chmod 600 ${tokens.keyFile}`;
    if ((file.mode & OTHERS) !== 0 && process.platform !== 'win32') {
      return warn('tokens', `${tokens.keyFile} can be read by others`, remedy);
    }
    return ok('tokens', `own key in ${tokens.keyFile}`);
  });
}

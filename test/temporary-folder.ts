import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/**
 * A new folder that is gone when the running test has ended, also when it failed.
 * Other users may pass through it: under root PostgreSQL runs as one of them.
 */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `steward-${name}-`));
  chmodSync(folder, 0o711);
  // Killed processes may still be writing their last file.
  const retries = { maxRetries: 10, retryDelay: 50 };
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, ...retries }));
  return folder;
}

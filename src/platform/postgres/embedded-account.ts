import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The user that PostgreSQL runs as when we are root. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Linux's id of `nobody` where there is no /etc/passwd (containers without a base system). */
const nobody: Account = { name: 'nobody', uid: 65_534, gid: 65_534 };

/** Whether we are root, whom PostgreSQL refuses. There is no such thing on Windows. */
function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The user for the server, undefined if it is our own. Root takes the owner of the data that is
 * there already (a plain user's, if root looks after it), else `nobody`: no user is ever added.
 */
export async function serverAccount(data: string): Promise<Account | undefined> {
  if (!isRoot()) return undefined;
  const owner = await stat(data).catch(() => undefined);
  const accounts = await readAccounts();
  if (!owner || owner.uid === 0) {
    return accounts.find((account) => account.name === 'nobody') ?? nobody;
  }
  const known = accounts.find((account) => account.uid === owner.uid);
  return { name: known?.name ?? `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
}

async function readAccounts(): Promise<Account[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    // macOS writes nobody's ids as -2; the system calls want them unsigned.
    return name && uid && gid ? [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }] : [];
  });
}

/** The first folder on the way down to `path` (itself included) that `account` may not enter. */
export async function closedFolder(path: string, account: Account): Promise<string | undefined> {
  const chain: string[] = [];
  for (let folder = await realpath(path); ; folder = dirname(folder)) {
    chain.unshift(folder);
    if (dirname(folder) === folder) break;
  }
  for (const folder of chain) {
    const { uid, gid, mode } = await stat(folder);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return folder;
  }
  return undefined;
}

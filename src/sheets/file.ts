import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { SheetLimits } from './limits.ts';
import { sheetError } from './sheet-errors.ts';

/** A workbook as somebody hands it over: a path, or its bytes. */
export type SheetFile = string | Buffer;

/** The bytes of a file that at least begins like an .xlsx workbook. */
export interface LoadedFile {
  /** File name without folders; `workbook` when only bytes were given. */
  name: string;
  bytes: Buffer;
  /** Of the whole file, in hexadecimal: the same file twice has the same. */
  sha256: string;
}

/**
 * Reads the file once, whole: hash and content then belong together whatever happens to the file
 * on disk. Nothing larger than `limits.fileBytes` is loaded.
 * @throws StewardError `sheet_file_unreadable`, `sheet_file_empty`, `sheet_too_large`,
 *   `sheet_not_xlsx`, `sheet_encrypted`
 */
export async function loadFile(file: SheetFile, limits: SheetLimits): Promise<LoadedFile> {
  const name = typeof file === 'string' ? basename(file) : 'workbook';
  const bytes = typeof file === 'string' ? await readBounded(file, limits.fileBytes) : file;
  if (bytes.length === 0) {
    throw sheetError('sheet_file_empty', `"${name}" is empty (0 bytes): expected an .xlsx file.`);
  }
  if (bytes.length > limits.fileBytes) throw tooLarge(name, bytes.length, limits.fileBytes);
  refuseOtherFormats(name, bytes);
  return { name, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const handle = await openFile(path);
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) {
      throw unreadable(`"${path}" is a folder: expected the path of an .xlsx file.`);
    }
    if (!stat.isFile()) {
      throw unreadable(`"${path}" is not a regular file: expected the path of an .xlsx file.`);
    }
    if (stat.size > maxBytes) throw tooLarge(basename(path), stat.size, maxBytes);
    // One byte more than expected shows a file that grows while it is read.
    const buffer = Buffer.alloc(stat.size + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > stat.size) {
      throw unreadable(`"${path}" is being written at this moment: wait until it is saved.`);
    }
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw unreadable(`There is no file "${path}".`, cause);
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw unreadable(`"${path}" may not be read by this user.`, cause);
    }
    throw unreadable(`"${path}" cannot be opened (${String(code ?? cause)}).`, cause);
  }
}

function unreadable(message: string, cause?: unknown) {
  return sheetError('sheet_file_unreadable', message, { cause });
}

function tooLarge(name: string, bytes: number, maxBytes: number) {
  const megabytes = (value: number) => `${(value / 1024 / 1024).toFixed(1)} MB`;
  return sheetError(
    'sheet_too_large',
    `"${name}" has ${megabytes(bytes)}; at most ${megabytes(maxBytes)} are read. Split the list, or remove pictures and other sheets.`,
    { data: { bytes, maxBytes } },
  );
}

const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');
const OLE_SIGNATURE = Buffer.from('d0cf11e0a1b11ae1', 'hex');
/** The stream in which Excel puts a workbook that has a password, as OLE writes names. */
const ENCRYPTED_STREAM = Buffer.from('EncryptedPackage', 'utf16le');
const SAVE_AS = 'Open it in Excel or LibreOffice and save it as "Excel workbook (.xlsx)".';

function refuseOtherFormats(name: string, bytes: Buffer): void {
  if (bytes.subarray(0, 4).equals(ZIP_SIGNATURE)) return;
  if (bytes.subarray(0, 8).equals(OLE_SIGNATURE)) {
    if (bytes.includes(ENCRYPTED_STREAM)) {
      throw sheetError(
        'sheet_encrypted',
        `"${name}" is protected by a password: save it without one and try again.`,
      );
    }
    throw sheetError(
      'sheet_not_xlsx',
      `"${name}" is a workbook of the old kind (.xls), not .xlsx. ${SAVE_AS}`,
    );
  }
  throw sheetError('sheet_not_xlsx', `"${name}" is ${guess(bytes)}, not .xlsx. ${SAVE_AS}`);
}

function guess(bytes: Buffer): string {
  const start = bytes.subarray(0, 4096);
  const text = start.toString('utf8').trimStart().toLowerCase();
  if (text.startsWith('<!doctype html') || /^<(html|table|head|meta)\b/.test(text)) {
    return 'a web page';
  }
  if (text.startsWith('%pdf')) return 'a PDF';
  if (start.includes(0)) return 'a file of an unknown kind';
  return /[;,\t]/.test(text) ? 'a text file (CSV)' : 'a text file';
}

import { crc32, createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import yauzl from 'yauzl';
import { StewardError } from '../platform/errors.ts';
import type { LoadedFile } from './file.ts';
import type { SheetLimits } from './limits.ts';
import { sheetError } from './sheet-errors.ts';

/** The parts of a workbook. Names have no leading slash and are compared without case. */
export interface Archive {
  has(name: string): boolean;
  /** Names as they stand in the archive. */
  names(): string[];
  /**
   * The part's bytes, inflated piece by piece. Leaving the loop early ends the inflating.
   * @throws StewardError `sheet_damaged`, `sheet_encrypted`, `sheet_too_large`
   */
  read(name: string): AsyncGenerator<Buffer, void, undefined>;
}

const DEFLATED = 8;
const STORED = 0;
const PIECE_BYTES = 64 * 1024;

/**
 * Reads the archive's directory. yauzl finds the entries; inflating is done here, because its own
 * check of sizes loses the error and then waits for ever on a part that is larger than it says.
 * @throws StewardError `sheet_damaged`, `sheet_too_large`
 */
export async function openArchive(file: LoadedFile, limits: SheetLimits): Promise<Archive> {
  const damaged = (why: string, cause?: unknown) =>
    sheetError('sheet_damaged', `"${file.name}" is damaged: ${why}.`, { cause });
  const budget = { inflatedBytes: 0 };
  const entries = new Map<string, Entry>();
  let zip: ZipFile;
  try {
    zip = await yauzl.fromBufferPromise(file.bytes, {
      lazyEntries: true,
      validateEntrySizes: false,
    });
  } catch (cause) {
    throw damaged('its list of parts cannot be read, perhaps the file was cut off', cause);
  }
  if (zip.entryCount > limits.zipEntries) {
    throw sheetError(
      'sheet_too_large',
      `"${file.name}" has ${zip.entryCount} parts; at most ${limits.zipEntries} are read.`,
    );
  }
  try {
    for await (const entry of zip.eachEntry()) {
      const key = entry.fileName.toLowerCase();
      if (entries.has(key)) throw damaged(`it holds "${entry.fileName}" twice`);
      entries.set(key, entry);
    }
  } catch (cause) {
    throw asSheetError(cause, () => damaged('its list of parts is broken', cause));
  }

  async function* read(name: string): AsyncGenerator<Buffer, void, undefined> {
    const entry = entries.get(name.toLowerCase());
    if (!entry) throw damaged(`the part "${name}" is missing`);
    if (entry.isEncrypted()) {
      throw sheetError('sheet_encrypted', `"${file.name}" is encrypted: save it without password.`);
    }
    const data = await compressedBytes(zip, entry, file.bytes).catch((cause: unknown) => {
      throw damaged(`the part "${name}" cannot be found where it should be`, cause);
    });
    let inflated = 0;
    let checksum = 0;
    try {
      for await (const piece of inflate(data, entry.compressionMethod)) {
        inflated += piece.length;
        budget.inflatedBytes += piece.length;
        refuseBomb(file.name, name, inflated, budget.inflatedBytes, entry, limits);
        if (inflated > entry.uncompressedSize) {
          throw damaged(`the part "${name}" is larger than it says`);
        }
        checksum = crc32(piece, checksum);
        yield piece;
      }
    } catch (cause) {
      throw asSheetError(cause, () => damaged(`the part "${name}" cannot be unpacked`, cause));
    }
    if (inflated !== entry.uncompressedSize || checksum !== entry.crc32) {
      throw damaged(`the part "${name}" does not match its checksum`);
    }
  }

  return {
    has: (name) => entries.has(name.toLowerCase()),
    names: () => [...entries.values()].map((entry) => entry.fileName),
    read,
  };
}

function refuseBomb(
  fileName: string,
  part: string,
  inflated: number,
  inflatedTotal: number,
  entry: Entry,
  limits: SheetLimits,
): void {
  if (inflatedTotal > limits.inflatedBytes) {
    throw sheetError(
      'sheet_too_large',
      `"${fileName}" unpacks to more than ${Math.floor(limits.inflatedBytes / 1024 / 1024)} MB: split the list.`,
    );
  }
  const ratio = inflated / Math.max(1, entry.compressedSize);
  if (inflated > limits.ratioFromBytes && ratio > limits.inflationRatio) {
    throw sheetError(
      'sheet_too_large',
      `"${fileName}" holds a part ("${part}") that unpacks to more than ${limits.inflationRatio} times its size: no real list does.`,
    );
  }
}

async function compressedBytes(zip: ZipFile, entry: Entry, bytes: Buffer): Promise<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const end = fileDataStart + entry.compressedSize;
  if (end > bytes.length) throw new RangeError('The part ends behind the end of the file.');
  return bytes.subarray(fileDataStart, end);
}

async function* inflate(data: Buffer, method: number): AsyncGenerator<Buffer, void, undefined> {
  if (method === STORED) {
    for (let at = 0; at < data.length; at += PIECE_BYTES) {
      yield data.subarray(at, at + PIECE_BYTES);
    }
    return;
  }
  if (method !== DEFLATED) throw new RangeError(`Compression method ${method} is not known.`);
  const inflater = createInflateRaw({ chunkSize: PIECE_BYTES });
  inflater.end(data);
  yield* inflater;
}

function asSheetError(cause: unknown, otherwise: () => Error): Error {
  return cause instanceof StewardError ? cause : otherwise();
}

import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw } from 'node:zlib';
import { sheetError } from './sheet-errors.ts';
import type { NewFile } from './write-target.ts';

export interface ZipWriter {
  /**
   * Adds a part, compressed while its text is made, so that none of it stays in memory.
   * @throws StewardError `sheet_too_large`, `sheet_file_unwritable`; whatever `pieces` throws goes
   *   through as it is
   */
  add(name: string, pieces: AsyncIterable<string> | Iterable<string>): Promise<void>;
  /** Writes the directory; nothing can be added after. */
  finish(): Promise<void>;
}

/** Sizes and offsets have 32 bits; programs that open workbooks do not all know zip64. */
const MAX_BYTES = 0xffff_ffff;
/** Level 6 takes a quarter more time for a file that is a tenth smaller. */
const COMPRESSION_LEVEL = 3;
const PACKED_PIECE_BYTES = 64 * 1024;
/** The earliest date of the format, 1980-01-01: the same rows give the same bytes. */
const DOS_DATE = 0x0021;
const VERSION = 20;
const DEFLATE = 8;
const LOCAL_HEADER_BYTES = 30;
const CRC_AT = 14;

interface Entry {
  name: Buffer;
  offset: number;
  crc: number;
  packedBytes: number;
  bytes: number;
}

/**
 * A zip archive in a file that can be written anywhere: size and checksum of a part are put into
 * its header afterwards. Archives written to a pipe carry them behind the part instead, which a
 * number of programs that read workbooks get wrong.
 */
export function createZipWriter(file: NewFile): ZipWriter {
  const entries: Entry[] = [];
  return {
    async add(partName, pieces) {
      const name = Buffer.from(partName, 'ascii');
      const entry: Entry = { name, offset: file.length, crc: 0, packedBytes: 0, bytes: 0 };
      entries.push(entry);
      await file.append(Buffer.concat([localHeader(entry), name]));
      const dataAt = file.length;
      await pipeline(
        counted(pieces, entry),
        createDeflateRaw({ level: COMPRESSION_LEVEL, chunkSize: PACKED_PIECE_BYTES }),
        async (packed: AsyncIterable<Buffer>) => {
          for await (const piece of packed) await file.append(piece);
        },
      );
      entry.packedBytes = file.length - dataAt;
      if (entry.bytes > MAX_BYTES || file.length > MAX_BYTES) throw tooLarge();
      await file.patch(localHeader(entry).subarray(CRC_AT), entry.offset + CRC_AT);
    },
    async finish() {
      const offset = file.length;
      const directory = Buffer.concat(
        entries.flatMap((entry) => [centralHeader(entry), entry.name]),
      );
      await file.append(Buffer.concat([directory, endRecord(entries.length, directory, offset)]));
    },
  };
}

async function* counted(pieces: AsyncIterable<string> | Iterable<string>, entry: Entry) {
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece, 'utf8');
    entry.crc = crc32(bytes, entry.crc);
    entry.bytes += bytes.length;
    if (entry.bytes > MAX_BYTES) throw tooLarge();
    yield bytes;
  }
}

function tooLarge() {
  return sheetError(
    'sheet_too_large',
    'The workbook would be larger than 4 GiB: write fewer rows or columns at a time.',
  );
}

function localHeader(entry: Entry): Buffer {
  const header = Buffer.alloc(LOCAL_HEADER_BYTES);
  header.write('PK\x03\x04', 0, 'latin1');
  writeCommonFields(header, 4, entry);
  return header;
}

function centralHeader(entry: Entry): Buffer {
  const header = Buffer.alloc(46);
  header.write('PK\x01\x02', 0, 'latin1');
  header.writeUInt16LE(VERSION, 4);
  writeCommonFields(header, 6, entry);
  header.writeUInt32LE(entry.offset, 42);
  return header;
}

/** 26 bytes that both headers share: version, flags, method, time, date, checksum, sizes, name. */
function writeCommonFields(header: Buffer, at: number, entry: Entry): void {
  header.writeUInt16LE(VERSION, at);
  header.writeUInt16LE(DEFLATE, at + 4);
  header.writeUInt16LE(DOS_DATE, at + 8);
  header.writeUInt32LE(entry.crc, at + 10);
  header.writeUInt32LE(entry.packedBytes, at + 14);
  header.writeUInt32LE(entry.bytes, at + 18);
  header.writeUInt16LE(entry.name.length, at + 22);
}

function endRecord(count: number, directory: Buffer, offset: number): Buffer {
  const record = Buffer.alloc(22);
  record.write('PK\x05\x06', 0, 'latin1');
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(directory.length, 12);
  record.writeUInt32LE(offset, 16);
  return record;
}

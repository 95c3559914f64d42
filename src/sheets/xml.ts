import { StringDecoder } from 'node:string_decoder';
import { SaxesParser } from 'saxes';
import { StewardError } from '../platform/errors.ts';
import type { SheetLimits } from './limits.ts';
import { sheetError } from './sheet-errors.ts';

/** Attributes by their name as written, prefix included (`r`, `r:id`). */
export type XmlAttributes = Readonly<Record<string, string>>;

export interface XmlHandlers {
  /** Local name: writers are free in their prefixes (`x:row`, `row`). */
  open(name: string, attributes: XmlAttributes): void;
  close(name: string): void;
  text(text: string): void;
}

export interface XmlReader {
  write(piece: Buffer): void;
  /** Call at the end of the part: finds XML that was cut off. */
  end(): void;
}

/**
 * A streaming XML reader that cannot be made to hold much: depth and the size of one token are
 * limited, document types are refused, and entities other than XML's own five do not exist.
 * @param part how the part is called in messages
 * @throws StewardError (from `write` and `end`) `sheet_damaged`, `sheet_forbidden_xml`,
 *   `sheet_too_large`; whatever the handlers throw goes through as it is
 */
export function createXmlReader(
  part: string,
  limits: SheetLimits,
  handlers: XmlHandlers,
): XmlReader {
  const parser = new SaxesParser({ xmlns: false, position: false });
  let decoder: StringDecoder | undefined;
  let depth = 0;
  // The parser collects a token until its end and only then tells us: counted from outside.
  let charsSinceToken = 0;

  // No handler for errors, comments or instructions: the parser throws by itself, and beyond seven
  // handlers V8 turns the parser object into a hash table, which makes it seven times slower.
  parser.on('doctype', () => {
    throw sheetError(
      'sheet_forbidden_xml',
      `The part "${part}" has a document type (DOCTYPE): no spreadsheet program writes one, and it is not read.`,
    );
  });
  parser.on('opentag', (tag) => {
    charsSinceToken = 0;
    depth += 1;
    if (depth > limits.xmlDepth) {
      throw sheetError(
        'sheet_too_large',
        `The part "${part}" nests more than ${limits.xmlDepth} elements inside one another.`,
      );
    }
    handlers.open(localName(tag.name), tag.attributes);
  });
  parser.on('closetag', (tag) => {
    charsSinceToken = 0;
    depth -= 1;
    handlers.close(localName(tag.name));
  });
  const text = (value: string) => {
    charsSinceToken = 0;
    handlers.text(value);
  };
  parser.on('text', text);
  parser.on('cdata', text);

  const orDamaged = (parse: () => void) => {
    try {
      parse();
    } catch (cause) {
      if (cause instanceof StewardError) throw cause;
      throw sheetError('sheet_damaged', `The part "${part}" is not well-formed XML.`, { cause });
    }
  };
  return {
    write(piece) {
      decoder ??= new StringDecoder(isUtf16(piece) ? 'utf16le' : 'utf8');
      const chars = decoder.write(piece);
      charsSinceToken += chars.length;
      orDamaged(() => parser.write(chars));
      if (charsSinceToken > limits.xmlTokenChars) {
        throw sheetError(
          'sheet_too_large',
          `The part "${part}" has a text or tag of more than ${limits.xmlTokenChars} characters.`,
        );
      }
    },
    end() {
      orDamaged(() => parser.write(decoder?.end() ?? '').close());
    },
  };
}

/** Reads a whole small part. */
export async function readXml(
  part: string,
  pieces: AsyncIterable<Buffer>,
  limits: SheetLimits,
  handlers: XmlHandlers,
): Promise<void> {
  const reader = createXmlReader(part, limits, handlers);
  for await (const piece of pieces) reader.write(piece);
  reader.end();
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}

/** The XML standard demands a byte order mark for UTF-16. */
function isUtf16(piece: Buffer): boolean {
  return piece[0] === 0xff && piece[1] === 0xfe;
}

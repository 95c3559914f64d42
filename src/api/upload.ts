import type { FastifyRequest } from 'fastify';
import { MAX_PHOTO_BYTES } from '../platform/storage/index.ts';
import { HttpProblem } from './errors.ts';
import { invalidRequest } from './validation.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the form field that holds the photo, on routes that take one. */
    photoField?: string;
  }
}

/** Room for boundary and headers of the one part beside the photo itself. */
const FORM_OVERHEAD_BYTES = 16_384;

/**
 * Limits of the form parser. One more than what is right is let through, so that it can be named;
 * all after that ends the reading.
 */
export const FORM_LIMITS = {
  fileSize: MAX_PHOTO_BYTES,
  files: 2,
  fields: 1,
  parts: 3,
  fieldSize: 1_000,
  fieldNameSize: 100,
  headerPairs: 20,
};

/**
 * The photo of a form that holds nothing else.
 * @throws HttpProblem saying which field is missing, unknown or given twice; `request_too_large`,
 *   `unsupported_media_type`, `malformed_multipart`
 */
export async function readPhoto(request: FastifyRequest, field: string): Promise<Uint8Array> {
  if (!request.isMultipart()) {
    throw new HttpProblem(
      'unsupported_media_type',
      `Send the photo as multipart/form-data in the field "${field}".`,
    );
  }
  try {
    if (Number(request.headers['content-length']) > MAX_PHOTO_BYTES + FORM_OVERHEAD_BYTES) {
      throw tooLarge(field);
    }
    return await readOnlyFile(request, field);
  } catch (error) {
    // The rest of the body is read and dropped: the connection stays usable.
    request.raw.unpipe();
    request.raw.resume();
    throw toProblem(error, field);
  }
}

async function readOnlyFile(request: FastifyRequest, field: string): Promise<Uint8Array> {
  let photo: Uint8Array | undefined;
  for await (const part of request.parts()) {
    if (part.fieldname !== field) throw unknownField(part.fieldname, field);
    if (part.type === 'field') {
      const message = `expected a file, found a text; with curl: -F "${field}=@photo.jpg"`;
      throw invalidRequest('The form', [{ path: field, message }]);
    }
    if (photo) {
      throw invalidRequest('The form', [{ path: field, message: 'is there more than once' }]);
    }
    photo = await part.toBuffer();
  }
  if (!photo) throw invalidRequest('The form', [{ path: field, message: 'is missing' }]);
  return photo;
}

function unknownField(name: string, field: string): HttpProblem {
  return invalidRequest('The form', [
    { path: name, message: `is not a field of this form: expected one file in "${field}"` },
  ]);
}

function tooLarge(field: string): HttpProblem {
  const message = `must have at most ${MAX_PHOTO_BYTES} bytes (10 MB)`;
  return new HttpProblem('request_too_large', `The photo ${message}.`, {
    issues: [{ path: field, message }],
  });
}

function toProblem(error: unknown, field: string): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'FST_REQ_FILE_TOO_LARGE') return tooLarge(field);
  if (code === 'FST_PROTO_VIOLATION') return unknownField('__proto__', field);
  if (code.endsWith('_LIMIT')) {
    const message = 'expected this one file and nothing else';
    return invalidRequest('The form', [{ path: field, message }]);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new HttpProblem('malformed_multipart', `The form cannot be read: ${reason}.`);
}

import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * Names of fields that hold personal data or secrets. They are cut out wherever they stand in a
 * log object, two levels deep: a line that reaches a log collector cannot be called back.
 */
const NEVER_LOGGED = [
  'name',
  'email',
  'mail',
  'phone',
  'address',
  'place',
  'description',
  'comment',
  'reason',
  'photo',
  'report',
  'token',
  'authorization',
  'password',
  'subject',
  'personal',
  'data',
  'to',
];

/**
 * Structured logs, one JSON object a line, on stderr: stdout belongs to the data of commands.
 * @param destination for tests; stderr without it
 */
export function createLog(
  options: { level: string; part: string },
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level: options.level,
      base: { part: options.part },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: NEVER_LOGGED.flatMap((name) => [name, `*.${name}`]),
        remove: true,
      },
      serializers: { err: serializeError },
    },
    destination,
  );
}

/** An error without what the database or a provider may have quoted from personal data. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = 'code' in error ? error.code : undefined;
  return { type: error.name, code, message: error.message, stack: error.stack };
}

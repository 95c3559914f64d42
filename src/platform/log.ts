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
      serializers: { err: serializeError, error: serializeError, cause: serializeError },
      hooks: { logMethod: keepMessageBare },
    },
    destination,
  );
}

/** Causes of causes that are written: a wrapped database error has two. */
const CAUSES = 3;

/**
 * An error without what the database or a provider may have quoted from personal data: no `detail`
 * and no other field of theirs, and no value that the message of a data exception repeats.
 */
function serializeError(error: unknown): unknown {
  return describe(error, CAUSES);
}

function describe(error: unknown, causes: number): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = 'code' in error ? error.code : undefined;
  const message = withoutValues(error.message, code);
  const stack = error.stack?.replace(error.message, () => message);
  const cause =
    causes > 0 && error.cause !== undefined ? describe(error.cause, causes - 1) : undefined;
  return { type: error.name, code, message, stack, cause };
}

/** `invalid input syntax for type uuid: "anna@example.org"`: class 22 quotes what was sent. */
function withoutValues(message: string, code: unknown): string {
  const isDataException = typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code);
  return isDataException ? message.replace(/".*"/gs, '"…"') : message;
}

/** An error alone would also lend its message to the line, as it is. */
function keepMessageBare(
  this: Logger,
  args: unknown[],
  method: (...args: unknown[]) => void,
): void {
  const [first, ...rest] = args;
  if (first instanceof Error)
    method.call(this, { err: first }, ...(rest.length > 0 ? rest : ['error']));
  else method.apply(this, args);
}

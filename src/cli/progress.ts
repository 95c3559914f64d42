import { formatDuration } from './duration.ts';

/** Work that is over before this needs no word about it. */
const QUIET_MS = 1_000;
const REDRAW_MS = 250;

/**
 * Does the work; if it takes more than a second, says so on stderr: on a terminal one line that
 * counts and is wiped at the end, elsewhere a single line.
 * @param label what is going on, such as `Reading services.xlsx`; may change while it goes on
 */
export async function withProgress<T>(
  label: string | (() => string),
  work: () => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const startedAt = Date.now();
  const text = () => (typeof label === 'string' ? label : label());
  let timer: NodeJS.Timeout | undefined;
  const draw = () => {
    const elapsed = formatDuration(Date.now() - startedAt);
    stream.write(`\r\u001b[K${text()} … ${elapsed}`);
  };
  const first = setTimeout(() => {
    if (!stream.isTTY) {
      stream.write(`${text()} …\n`);
      return;
    }
    draw();
    timer = setInterval(draw, REDRAW_MS);
  }, QUIET_MS);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    if (timer) {
      clearInterval(timer);
      stream.write('\r\u001b[K');
    }
  }
}

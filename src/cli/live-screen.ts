/** A block of lines at the end of a terminal that is drawn again and again in its place. */
export interface LiveScreen {
  draw(lines: readonly string[]): void;
  /** Gives the cursor back; what was drawn last stays. */
  close(): void;
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';
const CLEAR_LINE_END = '\u001b[K';

/** @param stream a terminal; lines must not be wider than it is, nor more than its rows less one */
export function openLiveScreen(stream: NodeJS.WriteStream): LiveScreen {
  let drawn = 0;
  stream.write(HIDE_CURSOR);
  return {
    draw: (lines) => {
      const up = drawn > 0 ? `\u001b[${drawn}F` : '';
      stream.write(`${up}${lines.map((line) => line + CLEAR_LINE_END).join('\n')}\n${CLEAR_BELOW}`);
      drawn = lines.length;
    },
    close: () => {
      stream.write(SHOW_CURSOR);
    },
  };
}

/** Edits (insert, delete, replace) that turn one text into the other: Wagner and Fischer, 1974. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const replace = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/**
 * The known word that somebody probably meant, for "did you mean …?".
 * @returns undefined when nothing is within a third of the word's length (at least 2 edits)
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  let best: { text: string; distance: number } | undefined;
  for (const text of known) {
    const distance = editDistance(word.toLowerCase(), text.toLowerCase());
    if (distance <= limit && (!best || distance < best.distance)) best = { text, distance };
  }
  return best?.text;
}

const FOLDED = /^[a-z0-9]+(?: [a-z0-9]+)*$/;

/** Lower case, one space between words: how skills, traits, categories and cities are compared. */
export function foldWord(text: string): string {
  // Nearly all words are stored folded already, and this runs for every trait of every worker.
  if (FOLDED.test(text)) return text;
  return text.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** Whether both mean the same word; the usual case, equal spelling, costs one comparison. */
export function sameWord(left: string, right: string): boolean {
  return left === right || foldWord(left) === foldWord(right);
}

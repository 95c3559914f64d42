/** Lower case, one space between words: how skills, traits, categories and cities are compared. */
export function foldWord(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** Whether both mean the same word; the usual case, equal spelling, costs one comparison. */
export function sameWord(left: string, right: string): boolean {
  return left === right || foldWord(left) === foldWord(right);
}

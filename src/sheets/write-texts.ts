/** What XML or Excel would not take as it stands; a tab and a line break are among it and stay. */
const SPECIAL = /[&<>\p{Cc}\ufffe\uffff]|_(?=x[\dA-Fa-f]{4}[_\p{Cc}\ufffe\uffff])/u;
const ALL_SPECIAL = new RegExp(SPECIAL, 'gu');

/**
 * Text for an element of a worksheet. Characters that XML cannot hold are written as Excel writes
 * them (`_x0001_`), carriage returns too, which XML would turn into line breaks; text that looks
 * like such a code has its underscore written as one. Halves of surrogate pairs, which are no
 * characters, become U+FFFD when the text is made bytes.
 */
export function xmlText(text: string): string {
  return SPECIAL.test(text) ? text.replace(ALL_SPECIAL, escapeChar) : text;
}

/** Text for an attribute in double quotes. */
export function xmlAttribute(text: string): string {
  return xmlText(text).replaceAll('"', '&quot;');
}

function escapeChar(char: string): string {
  switch (char) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '\t':
    case '\n':
      return char;
    default:
      return `_x${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`;
  }
}

/** More of one line than anybody reads; what is longer was given by somebody, and is repeated in part. */
const LONGEST_LINE = 2_000;
/** Characters that move the cursor, colour, reorder or hide what stands around them (Unicode: control, format, surrogate, separators). */
const UNSEEN = /[^\P{C}\n\t]|[\u2028\u2029]/gu;
/** These are parts of what people write: emoji, Persian and Indic words are joined by them. */
const JOINERS = ['\u200c', '\u200d'];

/**
 * The text as it can be shown on a terminal, whoever wrote parts of it: control characters, and those that turn the direction of
 * writing round, stand as JSON writes them (`\u001b`), and what is very long is cut in the middle. Line breaks stay.
 */
export function readable(text: string): string {
  return visible(text.split('\n').map(shortened).join('\n'));
}

/** The same at its whole length: for what somebody asked for. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escaped);
}

/** The JSON text with the same characters as escapes inside of its strings: it says the same, and may be printed anywhere. */
export function readableJson(value: unknown): string {
  return visible(JSON.stringify(value));
}

function shortened(line: string): string {
  if (line.length <= LONGEST_LINE) return line;
  const half = LONGEST_LINE / 2;
  return `${line.slice(0, half)}… (${line.length} characters) …${line.slice(-half)}`;
}

function escaped(character: string): string {
  if (JOINERS.includes(character)) return character;
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

import { shellWord } from '../../ui/shell-word.ts';

const WIDTH = 110;

/** A command line; flags go on lines of their own where one line would be long. The words are quoted here. */
export function command(...words: string[]): string {
  const quoted = words.map(quote);
  const line = quoted.join(' ');
  if (line.length <= WIDTH) return line;
  const first = words.findIndex((word) => word.startsWith('--'));
  if (first < 1) return line;
  return [quoted.slice(0, first).join(' '), ...quoted.slice(first)].join(' \\\n  ');
}

/** A command whose standard input is a fixed text. `printf` is the shell's own, so the text stands in no process's arguments. */
export function fed(text: string, then: string): string {
  return `printf %s ${quote(text)} | ${then}`;
}

export function comment(text: string): string {
  return text
    .split('\n')
    .map((line) => `# ${line}`)
    .join('\n');
}

export function labelFlag(flag: string, labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return `${flag}=${pairs.join(',')}`;
}

/** A word that begins with `--` keeps its name readable: only the value is quoted. */
function quote(word: string): string {
  const [, flag, value] = /^(--[a-z-]+=)(.+)$/s.exec(word) ?? [];
  return flag === undefined || value === undefined ? shellWord(word) : `${flag}${shellWord(value)}`;
}

import { invalidField } from './refusals.ts';

/** A filter as read. `value` holds one text or, in brackets, several. */
export type Filter =
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter }
  | { text: string }
  | { path: string[]; operator: string; values: string[]; every: boolean };

interface Token {
  kind: 'word' | 'string' | 'operator' | 'bracket';
  text: string;
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"';
const PART = '[^\\s()=<>!:"~]';
const TOKEN = new RegExp(`\\s*(?:(${STRING})|(<=|>=|!=|=~|!~|=|<|>|:)|([()])|(${PART}+(?:${STRING}${PART}*)*))`, 'y');
const DEEPEST = 50;

/**
 * Reads a filter of the Logging query language: comparisons and texts, `NOT` or `-`, `OR` (binds tighter than AND), `AND` or nothing
 * between, brackets, `--` comments and `log_id("…")`. https://docs.cloud.google.com/logging/docs/view/logging-query-language
 * @throws GoogleError 400 for what cannot be read
 */
export function parseFilter(text: string): Filter {
  const reader = new FilterReader(tokens(text.replaceAll(/^\s*--.*$/gm, '')), text);
  return reader.readAll();
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (!match) throw unparseable(text);
    const [, string, operator, bracket, word] = match;
    if (string !== undefined) found.push({ kind: 'string', text: unquote(string) });
    else if (operator !== undefined) found.push({ kind: 'operator', text: operator });
    else if (bracket !== undefined) found.push({ kind: 'bracket', text: bracket });
    else found.push({ kind: 'word', text: word ?? '' });
  }
  return found;
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(["'\\])/g, '$1');
}

function unparseable(text: string): Error {
  return invalidField('filter', `Unparseable filter: syntax error in ${JSON.stringify(text)}`);
}

class FilterReader {
  private readonly tokens: Token[];
  private readonly text: string;
  private place = 0;

  constructor(list: Token[], text: string) {
    this.tokens = list;
    this.text = text;
  }

  readAll(): Filter {
    const filter = this.readAnd(0);
    if (this.place < this.tokens.length) throw unparseable(this.text);
    return filter;
  }

  private readAnd(depth: number): Filter {
    const all: Filter[] = [];
    while (this.place < this.tokens.length && !this.at('bracket', ')')) {
      if (all.length > 0) this.take('word', 'AND');
      all.push(this.readOr(depth));
    }
    return { all };
  }

  private readOr(depth: number): Filter {
    const any = [this.readTerm(depth)];
    while (this.take('word', 'OR')) any.push(this.readTerm(depth));
    return any.length === 1 ? (any[0] as Filter) : { any };
  }

  private readTerm(depth: number): Filter {
    if (depth > DEEPEST) throw unparseable(this.text);
    if (this.take('word', 'NOT')) return { not: this.readTerm(depth + 1) };
    if (this.take('bracket', '(')) {
      const inner = this.readAnd(depth + 1);
      if (!this.take('bracket', ')')) throw unparseable(this.text);
      return inner;
    }
    const token = this.next();
    if (token.kind === 'word' && token.text.startsWith('-') && token.text.length > 1) {
      return { not: this.readComparison({ ...token, text: token.text.slice(1) }) };
    }
    return this.readComparison(token);
  }

  private readComparison(token: Token): Filter {
    if (token.kind !== 'word' && token.kind !== 'string') throw unparseable(this.text);
    if (token.text === 'log_id' && this.take('bracket', '(')) {
      const { values } = this.readValues();
      return { path: ['log_id'], operator: '=', values, every: false };
    }
    const operator = this.tokens[this.place];
    if (operator?.kind !== 'operator') return { text: token.text };
    this.place++;
    const path = token.kind === 'string' ? [token.text] : splitPath(token.text);
    if (this.take('bracket', '(')) return { path, operator: operator.text, ...this.readValues() };
    const value = this.next();
    if (value.kind !== 'word' && value.kind !== 'string') throw unparseable(this.text);
    if (operator.text.endsWith('~')) checkPattern(value.text);
    return { path, operator: operator.text, values: [value.text], every: false };
  }

  /** `"a" OR "b")` */
  private readValues(): { values: string[]; every: boolean } {
    const values: string[] = [];
    let every = false;
    while (!this.take('bracket', ')')) {
      if (this.take('word', 'OR')) continue;
      if (this.take('word', 'AND')) every = true;
      const value = this.next();
      if (value.kind !== 'word' && value.kind !== 'string') throw unparseable(this.text);
      values.push(value.text);
    }
    return { values, every };
  }

  private at(kind: Token['kind'], text: string): boolean {
    const token = this.tokens[this.place];
    return token?.kind === kind && token.text === text;
  }

  private take(kind: Token['kind'], text: string): boolean {
    if (!this.at(kind, text)) return false;
    this.place++;
    return true;
  }

  private next(): Token {
    const token = this.tokens[this.place++];
    if (!token) throw unparseable(this.text);
    return token;
  }
}

function checkPattern(text: string): void {
  try {
    new RegExp(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidField('filter', `Unparseable filter: invalid regular expression ${text}`);
    throw error;
  }
}

/** `labels."a.b/c".d`: the parts in quotes are one step each. */
function splitPath(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|[^."]+/g)].map(([whole, quoted]) => (quoted === undefined ? whole : quoted));
}

import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'fast-string-width';
import type { Paint } from './paint.ts';
import { visible } from './readable.ts';
import type { Block } from './ui.ts';

export interface Layout {
  /** Columns to lay out for; undefined: as wide as it takes. */
  columns: number | undefined;
  paint: Paint;
}

/** The blocks as text, one empty line between them. Words are never broken, so that a long URL stays one to click or copy. */
export function renderBlocks(blocks: Block[], layout: Layout): string {
  const parts = blocks.map((block) => render(block, layout)).filter((part) => part !== '');
  return parts.length === 0 ? '' : `${parts.join('\n\n')}\n`;
}

function render(block: Block, layout: Layout): string {
  if (block.kind === 'verbatim') return clean(block.text).replace(/\n+$/, '');
  if (block.kind === 'text') return wrap(clean(block.text), layout.columns).join('\n');
  return block.kind === 'pairs' ? pairs(block.pairs, layout) : table(block.head, block.rows, layout);
}

function pairs(rows: Array<[string, string]>, { columns, paint }: Layout): string {
  const indent = Math.max(0, ...rows.map(([key]) => stringWidth(clean(key)))) + 2;
  const narrow = columns !== undefined && rows.some(([, text]) => indent + longestWord(clean(text)) > columns);
  return rows
    .flatMap(([key, text]) => {
      const label = paint.bold(clean(key));
      if (narrow) return [label, ...wrap(clean(text), columns && columns - 2).map((line) => `  ${line}`)];
      const [first = '', ...rest] = wrap(clean(text), columns && columns - indent);
      return [label + ' '.repeat(indent - stringWidth(clean(key))) + first, ...rest.map((line) => ' '.repeat(indent) + line)];
    })
    .join('\n');
}

/** A table where it fits; otherwise each row as pairs, which stay readable in 40 columns. */
function table(head: string[], rows: string[][], layout: Layout): string {
  const cells = rows.map((row) => head.map((_, column) => clean(row[column] ?? '').replaceAll('\n', ' ')));
  const widths = head.map((title, column) => Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[column] ?? ''))));
  const total = widths.reduce((sum, width) => sum + width, 0) + 2 * (head.length - 1);
  if (layout.columns !== undefined && total > layout.columns) {
    return cells
      .map((row) =>
        pairs(
          head.map((title, column) => [title, row[column] ?? '']),
          layout,
        ),
      )
      .join('\n\n');
  }
  const line = (row: string[]) =>
    row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell))).join('  ');
  return [layout.paint.bold(line(head).trimEnd()), ...cells.map((row) => line(row).trimEnd())].join('\n');
}

/** Breaks between words so that lines fit; keeps line breaks and what a line starts with. */
function wrap(text: string, columns: number | undefined): string[] {
  return text.split('\n').flatMap((line) => {
    if (columns === undefined || stringWidth(line) <= columns) return [line];
    const indent = /^ */.exec(line)?.[0] ?? '';
    const lines: string[] = [];
    let current = indent;
    for (const word of line.trim().split(/ +/)) {
      const next = current === indent ? indent + word : `${current} ${word}`;
      if (current !== indent && stringWidth(next) > columns) {
        lines.push(current);
        current = indent + word;
      } else current = next;
    }
    return [...lines, current];
  });
}

function longestWord(text: string): number {
  return Math.max(0, ...text.split(/\s+/).map((word) => stringWidth(word)));
}

/** What comes from a server, a file name or a log may hold control codes: none of them may reach the terminal. */
function clean(text: string): string {
  return visible(stripVTControlCharacters(text).replaceAll('\r\n', '\n'));
}

import { describe, expect, it } from 'vitest';
import { renderBlocks } from '../../src/ui/blocks.ts';
import { makePaint } from '../../src/ui/paint.ts';
import type { Block } from '../../src/ui/ui.ts';

const render = (blocks: Block[], columns?: number) => renderBlocks(blocks, { columns, paint: makePaint(false) });
const table: Block = {
  kind: 'table',
  head: ['Resource', 'Status', 'Price a month'],
  rows: [
    ['Cloud SQL instance mlflow-pgsql', 'created', '$9.37'],
    ['Bucket', 'unchanged', '$0.02'],
  ],
};

describe('blocks', () => {
  it('stand one under the other with an empty line between', () => {
    expect(
      render([
        { kind: 'text', text: 'one' },
        {
          kind: 'pairs',
          pairs: [
            ['URL', 'https://a.run.app'],
            ['AUC', '0.85'],
          ],
        },
      ]),
    ).toBe('one\n\nURL  https://a.run.app\nAUC  0.85\n');
    expect(render([])).toBe('');
  });

  it('align a table where it fits', () => {
    expect(render([table], 80)).toMatchInlineSnapshot(`
      "Resource                         Status     Price a month
      Cloud SQL instance mlflow-pgsql  created    $9.37
      Bucket                           unchanged  $0.02
      "
    `);
  });

  it('turn a table into pairs where it does not', () => {
    const text = render([table], 40);
    expect(text).toMatchInlineSnapshot(`
      "Resource       Cloud SQL instance
                     mlflow-pgsql
      Status         created
      Price a month  $9.37

      Resource       Bucket
      Status         unchanged
      Price a month  $0.02
      "
    `);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
  });

  it('wrap text between words, keep what a line starts with, and never break a URL', () => {
    const url = 'https://mlflow-123456789012.us-central1.run.app/a/long/path';
    const text = render(
      [{ kind: 'text', text: `The server is ready for whoever has the password: ${url}\n  - indented text that is long` }],
      40,
    );
    expect(text).toMatchInlineSnapshot(`
      "The server is ready for whoever has the
      password:
      https://mlflow-123456789012.us-central1.run.app/a/long/path
        - indented text that is long
      "
    `);
    expect(text).toContain(url);
  });

  it('put a value under its name where it is too long beside it', () => {
    const url = 'https://mlflow-123456789012.us-central1.run.app';
    expect(render([{ kind: 'pairs', pairs: [['Tracking URL', url]] }], 40)).toBe(`Tracking URL\n  ${url}\n`);
  });

  it('leave verbatim lines as they are', () => {
    const line = 'export MLFLOW_TRACKING_URI=https://mlflow-123456789012.us-central1.run.app # and more words';
    expect(render([{ kind: 'verbatim', text: `${line}\n` }], 40)).toBe(`${line}\n`);
  });

  it('go as wide as they are where no width is known', () => {
    expect(render([{ kind: 'text', text: 'word '.repeat(100).trim() }]).split('\n')).toHaveLength(2);
  });

  it('count wide characters as the two columns they take', () => {
    const [first, second] = render([
      {
        kind: 'table',
        head: ['N', 'X'],
        rows: [
          ['模型', 'a'],
          ['b', 'c'],
        ],
      },
    ])
      .split('\n')
      .slice(1);
    expect(first).toBe('模型  a');
    expect(second).toBe('b     c');
  });

  it('let no control code through', () => {
    const text = render([{ kind: 'pairs', pairs: [['member', 'a\u001b[31mred\u001b[0m\u0007\u001b]0;title\u0007b\rc']] }]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text).toContain('ared');
  });

  it('show what turns the direction of writing round, so that nothing reads as another name', () => {
    const text = render([{ kind: 'pairs', pairs: [['folder', '/home/\u2066hidden\u2069']] }]);
    expect(text).toContain('/home/\\u2066hidden\\u2069');
  });
});

import { pick } from '../support/chances.ts';

/** The values are the same ones each time, so that a change is judged by itself; another seed makes others. */
export const ODD_SEED = Number(process.env['ODD_SEED'] ?? 1);

type Chance = () => number;

/** Longer than any message may be, and shorter than what Linux takes as one argument (128 KiB). */
const VERY_LONG = 100_000;

const BLANK = ['', ' ', '\t', '\n', '\r\n', '   \t ', '\u00a0', '\u200b', '\u3000', '\ufeff'];
const NUMBERS = [
  ...['NaN', 'Infinity', '-Infinity', '1e999', '-1e999', '-0', '0x1F', '0o17', '0b11', '017', '1_000', '1,000', '١٢', '½', '+5'],
  ...['9007199254740993', '-1', '1e-7', '.5', '5.', '99999999999999999999999', '1e3', '--5', '5 ', '2147483648', '65536'],
];
const WORDS = [
  ...[
    'null',
    'undefined',
    'true',
    'false',
    'yes',
    'no',
    'on',
    'off',
    'True',
    'NULL',
    '~',
    '[object Object]',
    'None',
    '2026-11-22',
  ],
  ...[
    '2026-11-22T10:00:00Z',
    '12:30:45',
    '1.2.3',
    'constructor',
    '__proto__',
    'prototype',
    'hasOwnProperty',
    'toString',
    'valueOf',
  ],
];
const DASHES = ['-', '--', '---', '-x', '--yes', '--project=x', '--help', '-1', '--no-such-flag', '—dash', '--=', '-=-'];
const PATHS = [
  ...['..', '../../..', '../../../etc/passwd', '/', '/dev/null', '/dev/full', '/proc/self/mem', './', '~root', 'a/../../b'],
  ...['C:\\Windows', '\\\\server\\share', 'file:///etc/passwd', 'a\\b', '/nonexistent/deep/er', '.git', 'con'],
];
const SHELL = [
  ...[
    '$(touch made-by-shell)',
    '`touch made-by-shell`',
    '; touch made-by-shell',
    '| cat',
    '&& false',
    '> made-by-shell',
    '$HOME',
  ],
  ...[`\${PATH}`, '*', '?', '[a-z]', '{a,b}', '!!', '"', "'", '\\', '"; exit 1; "', '%s%n', '%00', '#', '~'],
];
const MARKUP = [
  '<script>alert(1)</script>',
  '{{ name }}',
  `\${{ secrets.X }}`,
  '{"a":1}',
  '[]',
  "' OR 1=1 --",
  '%2e%2e%2f',
  'a=b&c=d',
];
const SIGNS = [
  ...[
    '\u001b[31mred\u001b[0m',
    '\u001b]0;title\u0007',
    '\u001b[2J',
    '\u009b31m',
    '\u0007',
    '\u0008\u0008\u0008',
    '\u007f',
    'a\rb',
    'a\nb',
  ],
  ...[
    '\u202egnp.exe',
    '\u2066hidden\u2069',
    'שלום',
    'مرحبا',
    '😀',
    '👩‍👩‍👧‍👦',
    '🏳️‍🌈',
    'e\u0301'.repeat(20),
    'Z\u0351\u036b\u0343',
    'ﬁ',
    'İ',
    'ß',
  ],
  ...['mlﬂow', 'ｍｌｆｌｏｗ', '\ufeffmlflow', 'mlflow\u200b', 'm\u00ad', '\u2028', '\u2029', '\ufffd', '\uffff', '\u{10ffff}'],
];
/** Half of a pair of UTF-16: no text, but a JavaScript string. */
const UNPAIRED = ['\ud800', 'a\udc00b', '\udfff\ud800'];

/** A text that nobody means as a value. No NUL: the system takes none in arguments and variables. */
export function oddText(chance: Chance): string {
  const kind = Math.floor(chance() * 12);
  if (kind === 0)
    return pick(['a', 'A', '0', '-', '.', '/', ' ', 'é', '😀', '../', ','], chance).repeat(VERY_LONG).slice(0, VERY_LONG);
  if (kind === 1) return randomText(chance);
  if (kind === 2) return `${pick(WORDS, chance)}${pick(SIGNS, chance)}${pick(SHELL, chance)}`;
  return pick([BLANK, NUMBERS, WORDS, DASHES, PATHS, SHELL, MARKUP, SIGNS, UNPAIRED][kind - 3] ?? BLANK, chance);
}

/** Any characters, control characters among them. */
function randomText(chance: Chance): string {
  const codes = Array.from({ length: 1 + Math.floor(chance() * 30) }, () => 1 + Math.floor(chance() ** 3 * 0x2fff));
  return String.fromCodePoint(...codes);
}

/** Bytes as they come from a file or a pipe: odd texts, NUL, bytes that are no UTF-8, and the marks of other encodings. */
export function oddBytes(chance: Chance): Buffer {
  const text = Buffer.from(oddText(chance));
  return pick(
    [
      text,
      Buffer.concat([text, Buffer.from([0, 0xff])]),
      Buffer.from([0xc3, 0x28, 0xa0, 0xff, 0xfe]),
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('mlflow: 1\n', 'utf16le')]),
      Buffer.alloc(4096),
      Buffer.from([0xed, 0xa0, 0x80]),
    ],
    chance,
  );
}

/** What stands behind `key:` in a YAML file: odd texts as they are, quoted, and what only YAML has. */
export function oddYaml(chance: Chance): string {
  const forms = [
    () => oddText(chance),
    () => JSON.stringify(oddText(chance)),
    () => JSON.stringify(oddText(chance)),
    () => pick(YAML, chance),
    () => pick(YAML, chance),
  ];
  return pick(forms, chance)();
}

const YAML = [
  ...[
    '!!binary aGk=',
    '!!js/function "function(){}"',
    '!!python/object/apply:os.system ["touch made"]',
    '!!set {a, b}',
    '!!int "7"',
  ],
  ...[
    '!!timestamp 2026-11-22',
    '!custom {a: 1}',
    '&a [*a]',
    '*nowhere',
    '&x 1',
    '{<<: {tier: db-f1-micro}}',
    '{a: 1, a: 2}',
    '{? [1, 2] : 3}',
  ],
  ...[
    '{__proto__: {polluted: yes}}',
    '{constructor: {prototype: {polluted: 1}}}',
    '[1, [2, [3]]]',
    '{}',
    '[]',
    'null',
    '~',
    '""',
    "''",
  ],
  ...[
    '|\n  block\n  text',
    '>-\n  folded',
    '? a',
    '- a',
    '{a: ',
    '[a',
    '"open',
    "'open",
    '@at',
    '`tick',
    '%TAG',
    ': :',
    '\tx',
    '1: 2: 3',
  ],
  ...[
    '.inf',
    '-.INF',
    '.nan',
    '0x1F',
    '0o17',
    '0b1',
    '1_000',
    '12:30:45',
    '2026-11-22',
    'yes',
    'on',
    'Off',
    '1e999',
    '-0',
    '1e-400',
  ],
  ...[
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
    `"${'\\u0000'}"`,
    '"\\ud800"',
    '"\\x1b[31m"',
    '# only a comment',
    '\u0000',
    '\u001b[31m',
  ],
];

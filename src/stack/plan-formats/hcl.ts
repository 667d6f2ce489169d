/** A value of HCL: a text, a number or switch, a reference or call as it stands, a list, or a map. */
export type HclValue = string | number | boolean | { raw: string } | HclValue[] | { map: Record<string, HclValue> };

export interface HclBlock {
  /** `resource`, or the name of a block inside another. */
  kind: string;
  labels?: string[];
  values?: Record<string, HclValue | undefined>;
  blocks?: HclBlock[];
  /** Stands above the block. */
  comment?: string;
}

/** Blocks as `terraform fmt` lays them out: two spaces, equal signs of neighbouring lines in one column. */
export function hclText(blocks: HclBlock[]): string {
  return `${blocks.map((block) => blockLines(block).join('\n')).join('\n\n')}\n`;
}

/** A text in quotes; what would begin an expression inside of it is taken literally. */
export function hclString(text: string): string {
  // An expression begins with one sign and a brace; doubled, the sign is a sign.
  return JSON.stringify(text).replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
}

function blockLines({ kind, labels = [], values = {}, blocks = [], comment }: HclBlock): string[] {
  const head = [kind, ...labels.map((label) => JSON.stringify(label))].join(' ');
  const attributes = attributeLines(Object.entries(values));
  const inner = blocks.flatMap((block, index) => [...(index > 0 || attributes.length > 0 ? [''] : []), ...blockLines(block)]);
  return [
    ...(comment === undefined ? [] : comment.split('\n').map((line) => `# ${line}`)),
    `${head} {`,
    ...[...attributes, ...inner].map(indented),
    '}',
  ];
}

/** A value of several lines begins a new group: it is not lined up with its neighbours. */
function attributeLines(entries: Array<[string, HclValue | undefined]>): string[] {
  const groups: Array<Array<{ name: string; lines: string[] }>> = [[]];
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    const lines = valueLines(value);
    if (lines.length > 1) groups.push([{ name, lines }], []);
    else groups.at(-1)?.push({ name, lines });
  }
  return groups.flatMap((group) => {
    const width = Math.max(0, ...group.map(({ name }) => name.length));
    return group.flatMap(({ name, lines: [first = '', ...rest] }) => [`${name.padEnd(width)} = ${first}`, ...rest]);
  });
}

function valueLines(value: HclValue): string[] {
  if (typeof value === 'string') return [hclString(value)];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (Array.isArray(value)) {
    if (value.length < 2) return [`[${value.flatMap(valueLines).join(' ')}]`];
    return ['[', ...value.map((item) => indented(`${valueLines(item).join(' ')},`)), ']'];
  }
  if ('raw' in value) return value.raw.split('\n');
  const entries = Object.entries(value.map).map(([key, inner]): [string, HclValue] => [mapKey(key), inner]);
  return ['{', ...attributeLines(entries).map(indented), '}'];
}

/** A key that is no name stands in quotes. */
function mapKey(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? key : hclString(key);
}

function indented(line: string): string {
  return line === '' ? '' : `  ${line}`;
}

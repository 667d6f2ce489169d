import { z } from 'zod';
import { configSchema } from '../../src/project/config-schema.ts';
import { pick } from '../support/chances.ts';
import { oddBytes, oddText, oddYaml } from './odd-texts.ts';

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
}

/** Every key of mlflow-gcp.yaml by its path: `database`, `database.tier`. From the schema itself. */
export function configPaths(): string[][] {
  const below = (node: SchemaNode, at: string[]): string[][] =>
    Object.entries(node.properties ?? {}).flatMap(([key, inner]) => [[...at, key], ...below(inner, [...at, key])]);
  return below(z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode, []);
}

/** A file with an odd value at that key. */
export function fileWithOddValue(keys: string[], chance: () => number): Buffer {
  const value = oddYaml(chance);
  const lines = keys.map((key, depth) => `${'  '.repeat(depth)}${key}:${depth === keys.length - 1 ? ` ${value}` : ''}`);
  const text = `${pick(['', '', '', '\ufeff', '%YAML 1.1\n---\n', '---\n'], chance)}${lines.join('\n')}\n`;
  return Buffer.from(pick([text, text, text.replaceAll('\n', '\r\n')], chance));
}

/** Every list doubles the one before: ten lines that would be a thousand million values. */
function bomb(): string {
  const lines = Array.from(
    { length: 12 },
    (_, at) =>
      `  - &a${at} [${Array(9)
        .fill(at === 0 ? 'x' : `*a${at - 1}`)
        .join(', ')}]`,
  );
  return `project:\n${lines.join('\n')}\n`;
}

/** A file that is odd as a whole. */
export function oddFile(chance: () => number): Buffer {
  const text = JSON.stringify(oddText(chance));
  const forms: Array<() => string | Buffer> = [
    () => oddBytes(chance),
    () => oddYaml(chance),
    bomb,
    () => `${text}: 1\n`,
    () => `name: a\nname: b\n`,
    () => `database:\n  tier: db-f1-micro\n  ${text}: 1\n`,
    () => `base: &base {tier: db-f1-micro}\ndatabase:\n  <<: *base\n`,
    () => 'name: one\n---\nname: two\n',
    () => '__proto__:\n  polluted: true\n',
    () => 'database: {__proto__: {tier: db-f1-micro}}\n',
    () => '- a\n- b\n',
    () => '42\n',
    () => '"text"\n',
    () => 'name: a\n\tregion: b\n',
    () => `${'a:\n '.repeat(3)}`,
    () => `${'{a: '.repeat(3000)}`,
    () => `# ${oddText(chance)}\nname: Not_A_Name\n`,
  ];
  return Buffer.from(pick(forms, chance)());
}

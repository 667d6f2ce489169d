import { parseArgs } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { CommandSpec } from '../../src/commands/command.ts';
import { commands } from '../../src/commands/list.ts';
import { UsageError } from '../../src/errors.ts';
import { globalOptions } from '../../src/settings/global-options.ts';
import { envName, flagName } from '../../src/settings/names.ts';
import type { Option, OptionTable } from '../../src/settings/option.ts';
import { resolveOptions } from '../../src/settings/resolve-options.ts';
import { runInMemory } from '../support/program.ts';

const single: CommandSpec[] = commands.flatMap((spec) => ('commands' in spec ? spec.commands : [spec]));
const tables: Array<[string, OptionTable]> = [
  ['every command', globalOptions],
  ...single.map((spec): [string, OptionTable] => [spec.name, spec.options]),
];
const everyOption = tables.flatMap(([name, table]) => Object.keys(table).map((key) => [name, key, table] as const));

describe('every option of every command', () => {
  it.each(everyOption)('%s: %s can be set by its variable', (_command, key, table) => {
    const option = table[key] as Option<unknown>;
    const name = envName(key, option);
    expect(name).toMatch(/^MLFLOW_GCP_[A-Z0-9_]+$/);
    const text = option.choices?.[0] ?? '1';
    try {
      const { values, origins } = resolveOptions(table, () => undefined, { [name]: text });
      expect(origins[key]).toBe(name);
      expect(values[key]).toEqual(option.kind === 'list' ? [option.parse(text)] : option.parse(text));
    } catch (error) {
      // Where the option does not take a bare 1, the refusal names the variable.
      if (!(error instanceof UsageError)) throw error;
      expect(error.message).toContain(`${name} is "${text}": `);
    }
  });

  it.each(everyOption.filter(([, key, table]) => table[key]?.kind === 'switch'))(
    '%s: %s takes 1, true, yes, 0, false, no and nothing else from its variable',
    (_command, key, table) => {
      const resolved = (text: string) => resolveOptions(table, () => undefined, { [envName(key, table[key])]: text }).values[key];
      for (const text of ['1', 'true', 'yes', 'YES', ' true ']) expect(resolved(text)).toBe(true);
      for (const text of ['0', 'false', 'no', 'False']) expect(resolved(text)).toBe(false);
      for (const text of ['on', '2', 'maybe']) expect(() => resolved(text)).toThrow(/expected 1, true or yes/);
    },
  );

  it.each(single.map((spec) => [spec.name, spec] as const))('%s: no option hides a global one', (_name, spec) => {
    for (const key of Object.keys(spec.options)) expect(Object.keys(globalOptions)).not.toContain(key);
  });

  it('is described as help wants it: a short text without a full stop', () => {
    for (const [, key, table] of everyOption) {
      expect(table[key]?.description, flagName(key)).toMatch(/^\S.*[^.\s]$/);
      expect(flagName(key)).toMatch(/^--[a-z0-9]+(-[a-z0-9]+)*$/);
    }
  });
});

describe('every example of --help', () => {
  const examples = single.flatMap((spec) => spec.examples.map((example) => [example, spec] as const));

  it.each(examples)('%s is a command line that the program takes', async (example, spec) => {
    const line = /mlflow-gcp ([^|>&;)"]*)/.exec(example)?.[1]?.trim() ?? '';
    const ran: string[] = [];
    const words = line.split(/\s+/).filter((word) => word !== '');
    const { status, stderr } = await runInMemory(words, { run: async ({ name }) => void ran.push(name) });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(ran).toEqual([spec.name]);
    const flags = parseArgs({ args: words, strict: false, allowPositionals: true, tokens: true }).tokens;
    for (const token of flags.filter(({ kind }) => kind === 'option')) {
      const key = Object.keys({ ...globalOptions, ...spec.options }).find(
        (one) => flagName(one) === (token as { rawName: string }).rawName,
      );
      expect(key ?? (token as { rawName: string }).rawName).toMatch(/^([a-zA-Z]+|-[a-z])$/);
    }
  });
});

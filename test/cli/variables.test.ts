import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../scripts/docs-variables.ts';
import type { CommandSpec } from '../../src/commands/command.ts';
import { commands } from '../../src/commands/list.ts';
import { globalOptions } from '../../src/settings/global-options.ts';
import { misspeltVariables, OTHER_VARIABLES } from '../../src/settings/misspelt.ts';
import { envName, flagName } from '../../src/settings/names.ts';
import type { Option } from '../../src/settings/option.ts';
import { exampleCommands } from '../support/example-commands.ts';
import { type Outcome, runInMemory } from '../support/program.ts';

interface Command {
  words: string[];
  spec: CommandSpec;
}
const every: Command[] = commands.flatMap((spec) =>
  'commands' in spec ? spec.commands.map((one) => ({ words: [spec.name, one.name], spec: one })) : [{ words: [spec.name], spec }],
);
const given = every.flatMap(({ words, spec }) =>
  Object.entries({ ...globalOptions, ...spec.options }).map(
    ([key, option]): [string, string, string[], CommandSpec, Option<unknown>] => [words.join(' '), key, words, spec, option],
  ),
);

/** What the option's parser takes, found among values of the forms that there are. */
function goodValue(option: Option<unknown>): string {
  const forms = [
    '1',
    'mlflow',
    '10',
    '1Gi',
    'db-f1-micro',
    'owner/repository',
    'me@example.com',
    '10.0.0.0/8',
    'domain.example.com',
  ];
  const found = [...(option.choices ?? []), ...forms].find((text) => {
    try {
      return option.parse(text) !== option.default;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no good value is known for ${option.description}`);
  return found;
}

/** The command with its action replaced by one that returns what it was given. */
function echo({ words: [first], spec }: Command) {
  const told = {
    ...spec,
    foreground: false,
    load: async () => ({
      run: async ({ settings, options, originOf }: { settings: object; options: object; originOf(key: string): string }) => {
        const { file: _, ...global } = settings as Record<string, unknown>;
        return { data: { global, options, originOf: Object.keys(options).map((key) => originOf(key)) }, show: [] };
      },
    }),
  } as unknown as CommandSpec;
  return [spec.name === first ? told : { name: first ?? '', summary: '', examples: [], commands: [told] }];
}

/** The result, the places that values came from left out. */
function effect({ stdout, status, stderr }: Outcome): unknown {
  expect(status, stdout + stderr).toBe(0);
  const { global, options } = JSON.parse(stdout);
  const values = Object.entries(global).map(([key, setting]) => [key, (setting as { value?: unknown } | null)?.value ?? setting]);
  return { global: Object.fromEntries(values), options };
}

describe('a variable has the effect of its flag', () => {
  it.each(given.filter(([, key]) => key !== 'config'))('%s: %s', async (_name, key, words, spec, option) => {
    const parts = { commands: echo({ words, spec }) };
    const args = [...words, ...(spec.args ?? []).filter(({ required = true }) => required).map(() => 'x'), '--json'];
    const text = { project: 'my-project-1', region: 'europe-west1', name: 'team-a' }[key] ?? goodValue(option);
    const more = { cwd: '/' };
    const flag = option.kind === 'switch' ? [flagName(key)] : [flagName(key), text];
    const byFlag = effect(await runInMemory([...args, ...flag], parts, more));
    const byVariable = effect(
      await runInMemory(args, parts, { ...more, env: { [envName(key, option)]: option.kind === 'switch' ? '1' : text } }),
    );
    expect(byVariable).toEqual(byFlag);
    if (key !== 'json') expect(byFlag).not.toEqual(effect(await runInMemory(args, parts, more)));
  });
});

it('a variable means the same in every command', () => {
  const meanings = new Map<string, Set<string>>();
  for (const [, key, , , option] of given) {
    const name = envName(key, option);
    const meaning = JSON.stringify([option.kind, option.placeholder, option.choices]);
    meanings.set(name, (meanings.get(name) ?? new Set()).add(meaning));
  }
  const several = [...meanings].filter(([, those]) => those.size > 1).map(([name]) => name);
  expect(several).toEqual([]);
  // A folder is a folder: these two are told apart by what is in them.
  const folders = given.filter(([, key]) => key === 'data').map(([, key, , , option]) => envName(key, option));
  expect(new Set(folders).size).toBe(folders.length);
});

describe('a misspelt variable', () => {
  const warned = async (env: Record<string, string>, args: string[] = []) =>
    (await runInMemory(['show', ...args], { commands: exampleCommands }, { env })).stderr;

  it('is warned about, with the nearest one, and without its value', async () => {
    const stderr = await warned({ MLFLOW_GCP_PROJCT: 'hush-hush-1', MLFLOW_GCP_TEIR: 'large' });
    expect(stderr).toContain(
      'Warning: MLFLOW_GCP_PROJCT is no variable of this program, and is ignored. Is MLFLOW_GCP_PROJECT meant?',
    );
    expect(stderr).toContain('Is MLFLOW_GCP_TIER meant?');
    expect(stderr).not.toContain('hush-hush-1');
    expect(await warned({ MLFLOW_GCP_PROJCT: 'x' }, ['--quiet'])).toContain('MLFLOW_GCP_PROJECT');
  });

  it('without anything near is named alone', async () => {
    expect(await warned({ MLFLOW_GCP_SOMETHING_ELSE_ENTIRELY: 'x' })).toContain(
      'MLFLOW_GCP_SOMETHING_ELSE_ENTIRELY is no variable of this program, and is ignored.\n',
    );
  });

  it('is told from those of other commands, of the program itself, of other programs, and from empty ones', async () => {
    const good = {
      MLFLOW_GCP_HOW: 'user',
      MLFLOW_GCP_WAIT: '1',
      MLFLOW_GCP_HOME: '/tmp/x',
      MLFLOW_TRACKING_URI: 'x',
      MLFLOW_GCP_NONE: '',
    };
    expect(await warned(good)).toBe('');
  });

  it('is none of those that the documentation names', () => {
    const named = VARIABLES.flatMap(({ rows }) => rows.map(([name]) => name)).filter((name) => name.startsWith('MLFLOW_GCP_'));
    expect([...OTHER_VARIABLES].sort()).toEqual(named.sort());
    const variables = given.map(([, key, , , option]) => envName(key, option));
    const env = Object.fromEntries([...named, ...variables].map((name) => [name, '1']));
    expect(misspeltVariables(env, variables)).toEqual([]);
  });
});

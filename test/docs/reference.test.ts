import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentedErrors } from '../../scripts/docs-errors.ts';
import { referenceText } from '../../scripts/docs-reference.ts';
import { schemaText } from '../../scripts/docs-schema.ts';
import { VARIABLES } from '../../scripts/docs-variables.ts';
import type { CommandSpec } from '../../src/commands/command.ts';
import { commands } from '../../src/commands/list.ts';
import { UsageError } from '../../src/errors.ts';
import { globalOptions } from '../../src/settings/global-options.ts';
import { resolveOptions } from '../../src/settings/resolve-options.ts';
import { packageRoot, runInMemory } from '../support/program.ts';

const page = readFileSync(path.join(packageRoot, 'docs/reference.md'), 'utf8');

interface DocumentedOption {
  /** `init`, `secrets set`; undefined for those of every command. */
  command: string | undefined;
  flag: string;
  placeholder: string | undefined;
  variable: string;
}

/** What the page says, read as a person would: by its headings and tables. */
const options: DocumentedOption[] = page.split(/^(?=##)/m).flatMap((section) => {
  const title = /^#+ (.*)/.exec(section)?.[1] ?? '';
  return [...section.matchAll(/^\| `(?:-\w, )?(--[a-z-]+)(?: <([^>]*)>)?` \| `(\w+)` \|/gm)].map((match) => ({
    command: title.startsWith('mlflow-gcp ') ? title.slice('mlflow-gcp '.length) : undefined,
    flag: match[1] ?? '',
    placeholder: match[2],
    variable: match[3] ?? '',
  }));
});

/** Parses a command line with the real tree, and returns the command that would have run. */
async function parsed(words: string[]): Promise<{ spec: CommandSpec | undefined; stderr: string }> {
  let spec: CommandSpec | undefined;
  const { stderr } = await runInMemory(words, {
    run: async (found) => {
      spec = found;
    },
  });
  return { spec, stderr };
}

function argumentsOf(command: string): string[] {
  const [first, second] = command.split(' ');
  const spec = commands.find(({ name }) => name === first);
  const own = spec !== undefined && 'commands' in spec ? spec.commands.find(({ name }) => name === second) : spec;
  return own !== undefined && 'args' in own ? (own.args ?? []).map(({ name }) => name) : [];
}

describe('what is generated of the documentation', () => {
  it.each([
    ['docs/reference.md', referenceText],
    ['docs/mlflow-gcp.schema.json', schemaText],
  ])('%s is as `npm run docs` writes it', (file, generate) => {
    expect(readFileSync(path.join(packageRoot, file), 'utf8')).toBe(generate());
  });
});

describe('docs/reference.md', () => {
  it('has every command and every option of the tree', () => {
    const count = (spec: { options: object }) => Object.keys(spec.options).length;
    const all = commands.flatMap((spec) => ('commands' in spec ? spec.commands.filter((one) => !one.hidden) : [spec]));
    const expected = all.reduce((sum, spec) => sum + count(spec), count({ options: globalOptions }));
    expect(options.length).toBe(expected);
    for (const { name } of commands) expect(page).toContain(`\n## mlflow-gcp ${name}\n`);
  });

  it.each(options.map((one) => [`${one.command ?? 'every command'} ${one.flag}`, one] as const))(
    '%s: the program takes the flag and the variable',
    async (_name, { command = 'status', flag, placeholder, variable }) => {
      const words = [...command.split(' '), ...argumentsOf(command)];
      const { spec, stderr } = await parsed([...words, flag, ...(placeholder === undefined ? [] : ['1'])]);
      expect(stderr).toBe('');
      expect(spec?.name).toBe(command.split(' ').at(-1));
      try {
        const { origins } = resolveOptions({ ...globalOptions, ...spec?.options }, () => undefined, { [variable]: '1' });
        expect(Object.values(origins)).toContain(variable);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        expect(error.message).toContain(`${variable} is "1": `);
      }
    },
  );

  it('names every variable that the source reads, and no other', () => {
    const source = readdirSync(path.join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('simulator/'))
      .map((name) => readFileSync(path.join(packageRoot, 'src', name), 'utf8'))
      .join('\n');
    const named = VARIABLES.flatMap(({ rows }) => rows.map(([name]) => name));
    // What any program takes from its system needs no line.
    const read = [...source.matchAll(/\benv\['(\w+)'\]/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => !['HOME', 'PATH'].includes(name));
    const spelled = (name: string) => [name, name.toUpperCase()];
    for (const name of read)
      expect(
        spelled(name).some((one) => named.includes(one)),
        name,
      ).toBe(true);
    for (const name of named) expect(source, name).toContain(`'${name}'`);
    for (const name of named) expect(page).toContain(`| \`${name}\` | `);
  });
});

describe('the error codes of docs/reference.md', () => {
  it.each([
    ['UNKNOWN_COMMAND', ['nonsense']],
    ['UNKNOWN_OPTION', ['status', '--nonsense']],
    ['OPTION_MISSING_ARGUMENT', ['init', '--tier']],
    ['EXCESS_ARGUMENTS', ['status', 'more']],
    ['MISSING_COMMAND', ['local']],
    ['INVALID_VALUE', ['init', '--tier', 'large', '--json']],
    ['CONFIG_UNREADABLE', ['status', '--config', 'nothing.yaml']],
    ['FOLLOW_AND_JSON', ['local', 'logs', '--follow', '--json']],
    ['FOLDER_MISSING', ['deploy']],
    ['MISSING_ANSWER', ['init', '--dry-run', '--no-input']],
  ])('%s comes with the status that is documented', async (code, words) => {
    const { status, stdout } = await runInMemory([...words, '--json'], {});
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code } });
    expect(documentedErrors().find((one) => one.code === code)).toMatchObject({ status });
  });

  it('come with hints that name only commands there are', async () => {
    for (const { code, hint } of documentedErrors()) {
      for (const [, words = ''] of hint.matchAll(/mlflow-gcp ((?:[a-z]+ ?)(?:[a-z]+ ?|--[a-z-]+ ?)*)/g)) {
        const [first = '', second = ''] = words.trim().split(' ');
        // "Run mlflow-gcp as an ordinary user" names no command.
        if (first === 'as') continue;
        const spec = commands.find(({ name }) => name === first);
        expect(spec?.name, `${code}: ${hint}`).toBe(first);
        if (spec !== undefined && 'commands' in spec)
          expect(
            spec.commands.map(({ name }) => name),
            `${code}: ${hint}`,
          ).toContain(second);
        else
          for (const [flag] of words.matchAll(/--[a-z-]+/g))
            expect((await runInMemory([first, '--help'], {})).stdout, hint).toContain(flag);
      }
    }
  });

  it('are written as codes are, each once, and each with a place in the source', () => {
    const errors = documentedErrors();
    expect(new Set(errors.map(({ code }) => code)).size).toBe(errors.length);
    expect(errors.length).toBeGreaterThan(100);
    for (const { code, files } of errors) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(files.length).toBeGreaterThan(0);
    }
  });
});

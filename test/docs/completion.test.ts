import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { describe, expect, it, onTestFinished } from 'vitest';
import { completionTree } from '../../src/commands/completion/tree.ts';
import { commands } from '../../src/commands/list.ts';
import { cleanEnvironment, runChild, temporaryFolder, until } from '../support/program.ts';

const tree = completionTree(commands);
const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** A folder with the script as the built program prints it, and with names that must not get in the way of commands. */
async function folderWithScript(shell: string): Promise<{ folder: string; script: string }> {
  const folder = temporaryFolder();
  const { status, stdout, stderr } = await runChild(['completion', shell]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const script = path.join(folder, `script.${shell}`);
  writeFileSync(script, stdout);
  mkdirSync(path.join(folder, 'deploy'));
  mkdirSync(path.join(folder, 'a folder'));
  writeFileSync(path.join(folder, 'other.yaml'), '');
  return { folder, script };
}

/** A shell at a terminal. `tab` types a line and the Tab key, and resolves with what stands there when all is quiet again. */
function atShell(file: string, args: string[], cwd: string) {
  const env = cleanEnvironment({ PS1: 'ready> ', TERM: 'dumb', HOME: cwd });
  const pty = spawn(file, args, { cols: 300, rows: 40, cwd, env });
  onTestFinished(() => pty.kill('SIGKILL'));
  let shown = '';
  let last = Date.now();
  pty.onData((text) => {
    shown += stripVTControlCharacters(text);
    last = Date.now();
  });
  const quiet = (what: string, from: number) =>
    until(what, () => shown.length > from && Date.now() - last > 400 && shown.slice(from), 20);
  return {
    async run(line: string) {
      const from = shown.length;
      pty.write(`${line}\r`);
      await until(line, () => /ready> $/.test(shown.slice(from + 1).replaceAll('\u0007', '')));
    },
    async tab(line: string, times = 1) {
      const from = shown.length;
      pty.write(`${line}${'\t'.repeat(times)}`);
      const answer = await quiet(`the completion of ${line}`, from);
      const cleared = shown.length;
      pty.write('\u0003');
      await until('a new prompt', () => shown.slice(cleared).includes('ready> '));
      return answer.replaceAll('\u0007', '');
    },
  };
}

/** What bash's own function offers for a line whose last word is being typed, as readline would cut it. */
function bashOffers(script: string, cwd: string, line: string): string[] {
  const words = line.split(/ +|(?<=[^ ])(?==)|(?<==)(?=[^ ])/);
  const code = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mlflow_gcp; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['--norc', '-c', code, script, ...words], { cwd, encoding: 'utf8' });
  return text.split('\n').filter((word) => word !== '');
}

describe('the tree that completion scripts are made from', () => {
  it('has every command that is not hidden, and help', () => {
    const paths = tree.map((one) => one.path.join(' '));
    expect(paths).toEqual(expect.arrayContaining(['', 'help', 'init', 'local start', 'completion bash']));
    expect(paths).not.toContain('local serve');
  });
});

describe('mlflow-gcp completion bash', () => {
  it('completes what is typed at a terminal', async () => {
    const { folder, script } = await folderWithScript('bash');
    const shell = atShell('bash', ['--noprofile', '--norc', '-i'], folder);
    await shell.run(`source ${script}`);
    expect(await shell.tab('mlflow-gcp dep')).toContain('mlflow-gcp deploy ');
    expect(await shell.tab('mlflow-gcp de', 2)).toMatch(/deploy\s+destroy/);
    expect(await shell.tab('mlflow-gcp deploy --w')).toContain('mlflow-gcp deploy --with ');
    expect(await shell.tab('mlflow-gcp deploy --with ', 2)).toMatch(/api\s+skaffold/);
    expect(await shell.tab('mlflow-gcp deploy --with=sk')).toContain('mlflow-gcp deploy --with=skaffold ');
    expect(await shell.tab('mlflow-gcp --dir a')).toContain('mlflow-gcp --dir a\\ folder/');
  });

  it.each(tree.map((place) => [place.path.join(' ') || 'the program itself', place] as const))(
    'offers what follows %s',
    async (_name, { path: words, below, flags }) => {
      const { folder, script } = await folderWithScript('bash');
      const line = ['mlflow-gcp', ...words].join(' ');
      const offered = (rest: string) => bashOffers(script, folder, `${line} ${rest}`);
      expect(offered('')).toEqual(below.map(({ name }) => name));
      expect(offered('--')).toEqual(flags.map(({ long }) => long));
      for (const { long, value } of flags.filter((flag) => flag.value?.kind === 'words'))
        expect(offered(`${long} `)).toEqual(value?.words);
    },
  );

  it('looks past global flags, their values and values after an equals sign', async () => {
    const { folder, script } = await folderWithScript('bash');
    expect(bashOffers(script, folder, 'mlflow-gcp --json --name init deploy --with ')).toEqual(['skaffold', 'api']);
    expect(bashOffers(script, folder, 'mlflow-gcp --name=init deploy --with=a')).toEqual(['api']);
    expect(bashOffers(script, folder, 'mlflow-gcp --config o')).toEqual(['other.yaml']);
    expect(bashOffers(script, folder, 'mlflow-gcp --project ')).toEqual([]);
  });
});

describe.skipIf(!has('zsh'))('mlflow-gcp completion zsh', () => {
  it('completes what is typed at a terminal, sourced or found in $fpath', async () => {
    const { folder, script } = await folderWithScript('zsh');
    mkdirSync(path.join(folder, 'functions'));
    execFileSync('cp', [script, path.join(folder, 'functions/_mlflow-gcp')]);
    for (const setUp of [
      `autoload -U compinit; compinit -u -D; source ${script}`,
      `fpath=(${folder}/functions $fpath); autoload -U compinit; compinit -u -D`,
    ]) {
      const shell = atShell('zsh', ['-f', '-i'], folder);
      await shell.run(`PS1='ready> '; ${setUp}`);
      expect(await shell.tab('mlflow-gcp dep')).toContain('mlflow-gcp deploy ');
      expect(await shell.tab('mlflow-gcp de', 2)).toMatch(/deploy[\s\S]*destroy/);
      expect(await shell.tab('mlflow-gcp deploy --wi')).toContain('mlflow-gcp deploy --with=');
      expect(await shell.tab('mlflow-gcp deploy --with sk')).toContain('mlflow-gcp deploy --with skaffold ');
      expect(await shell.tab('mlflow-gcp --name x local res')).toContain('local reset ');
      expect(await shell.tab('mlflow-gcp completion f')).toContain('completion fish ');
    }
  });
});

describe.skipIf(!has('fish'))('mlflow-gcp completion fish', () => {
  const offers = (script: string, cwd: string, line: string) =>
    new Promise<string[]>((resolve, reject) => {
      const code = `source ${script}; complete -C '${line}'`;
      execFile('fish', ['--no-config', '-c', code], { cwd, env: cleanEnvironment({ HOME: cwd }) }, (error, stdout) => {
        if (error) reject(error);
        else resolve(stdout.split('\n').flatMap((one) => (one === '' ? [] : [one.split('\t')[0] ?? ''])));
      });
    });

  it('offers commands, flags and values', async () => {
    const { folder, script } = await folderWithScript('fish');
    expect(await offers(script, folder, 'mlflow-gcp de')).toEqual(['deploy', 'destroy']);
    expect(await offers(script, folder, 'mlflow-gcp deploy --w')).toEqual(['--with']);
    expect(await offers(script, folder, 'mlflow-gcp deploy --with ')).toEqual(['api', 'skaffold']);
    expect(await offers(script, folder, 'mlflow-gcp --name init deploy --with=a')).toEqual(['--with=api']);
    expect(await offers(script, folder, 'mlflow-gcp local st')).toEqual(['start', 'status', 'stop']);
    expect(await offers(script, folder, 'mlflow-gcp init --availability ')).toEqual(['REGIONAL', 'ZONAL']);
    expect(await offers(script, folder, 'mlflow-gcp --project ')).toEqual([]);
  });
});

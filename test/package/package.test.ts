import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { stagePackage } from '../../scripts/stage-package.ts';
import { cleanEnvironment, packageRoot, runChild, startChild, temporaryFolder, until } from '../support/program.ts';

const run = promisify(execFile);
const scratch = mkdtempSync(path.join(tmpdir(), 'mlflow-gcp-package-'));
const home = path.join(scratch, 'installed');
const installed = path.join(home, 'node_modules/mlflow-gcp');
const program = path.join(home, 'node_modules/.bin/mlflow-gcp');
// The program's first line asks for `node`: it gets the one that runs the tests.
const env = cleanEnvironment({ PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH']}`, HOME: home });
let tarball = '';

/** What npm packs by package.json, built from scratch, then installed alone into an empty folder without a network. */
beforeAll(async () => {
  tarball = stagePackage(scratch);
  mkdirSync(home);
  writeFileSync(path.join(home, 'package.json'), '{"private":true}\n');
  const flags = ['--offline', '--no-audit', '--no-fund', '--engine-strict=false', '--cache', path.join(scratch, 'cache')];
  await run('npm', ['install', tarball, ...flags], { cwd: home, env });
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the package', () => {
  it('is under 1.5 MB and brings no other package along', () => {
    expect(statSync(tarball).size).toBeLessThan(1_500_000);
    expect(readdirSync(path.join(home, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['mlflow-gcp']);
    expect(packageFile).not.toHaveProperty('dependencies');
    expect(packageFile.scripts).not.toHaveProperty('postinstall');
  });

  it('holds what the program reads and nothing that only its makers need', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    for (const name of ['LICENSE', 'CHANGELOG.md', 'dist/THIRD-PARTY-LICENSES', 'src/local/simulator/discovery/run.v2.json']) {
      expect(files).toContain(name);
    }
    const templates = readdirSync(path.join(packageRoot, 'src/templates'), { recursive: true, encoding: 'utf8' });
    const kept = templates.filter((name) => !/__pycache__|\.pyc$/.test(name));
    expect(files).toEqual(expect.arrayContaining(kept.map((name) => path.join('src/templates', name))));
    expect(files.filter((name) => /\.ts$|\.map$|meta\.json$|\.inputs\.json$|\.tmp$|node_modules|\.pyc$/.test(name))).toEqual([]);
  });

  it('names the licence of every package whose code is in the bundle', () => {
    const text = readFileSync(path.join(installed, 'dist/THIRD-PARTY-LICENSES'), 'utf8');
    for (const name of ['commander', 'zod', 'yaml', 'ora', '@inquirer/core']) expect(text).toContain(`\n${name} `);
    expect(text).toContain('Permission is hereby granted');
  });

  it('runs from node_modules/.bin', async () => {
    const version = await run(program, ['--version'], { cwd: home, env });
    expect(version.stdout).toBe(`${packageFile.version}\n`);
    expect((await run(program, ['--help'], { cwd: home, env })).stdout).toContain('Usage: mlflow-gcp');
    await expect(run(program, ['nonsense', '--json'], { cwd: home, env })).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringContaining('"code":"UNKNOWN_COMMAND"'),
    });
  });

  it('starts every command as far as its action: no chunk is missing and no library left out', async () => {
    const chunks = readdirSync(path.join(installed, 'dist/chunks')).map((name) => path.join(installed, 'dist/chunks', name));
    const script = `for (const file of ${JSON.stringify(chunks)}) await import(file);`;
    const { status, stderr } = await runChild([], { program: writeScript(script) });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('runs the simulator', async () => {
    const child = startChild(['simulator', '--port', '0', '--data', temporaryFolder()], {
      program: path.join(installed, 'bin/mlflow-gcp.js'),
    });
    const line = await until('the ready line', () => /^\{.*\}$/m.exec(child.texts.stdout)?.[0]);
    const { port, project } = JSON.parse(line) as { port: number; project: string };
    const answer = await fetch(`http://127.0.0.1:${port}/_simulator/state`);
    expect(answer.status).toBe(200);
    expect(project).toMatch(/^[a-z]/);
    child.process.kill('SIGTERM');
    const { stderr } = await child.outcome;
    expect(stderr).not.toContain('    at ');
  });
});

function writeScript(text: string): string {
  const file = path.join(temporaryFolder(), 'script.mjs');
  writeFileSync(file, text);
  return file;
}

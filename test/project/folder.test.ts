import { mkdir, mkdtemp, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { compareFolder, writeFolder } from '../../src/project/folder.ts';
import { renderProject } from '../../src/project/render.ts';
import { packSources } from '../../src/project/source-archive.ts';

const folder = () => mkdtemp(path.join(tmpdir(), 'mlflow-gcp-folder-'));
const file = (content: string, name = 'Dockerfile') => ({ path: name, content, executable: name.endsWith('.sh') });

async function kindOf(dir: string, content: string): Promise<string> {
  const [change] = await compareFolder(dir, [file(content)]);
  return change!.kind;
}

test('a file that the user edited is told from one that is merely old', async () => {
  const dir = await folder();
  expect(await kindOf(dir, 'one')).toBe('new');
  await writeFolder(dir, await compareFolder(dir, [file('one'), file('run', 'deploy/entry-point.sh')]), new Set());
  expect((await stat(path.join(dir, 'deploy/entry-point.sh'))).mode & 0o111).not.toBe(0);
  expect(await kindOf(dir, 'one')).toBe('same');
  expect(await kindOf(dir, 'two')).toBe('ours');
  await writeFile(path.join(dir, 'Dockerfile'), 'mine');
  expect(await kindOf(dir, 'one')).toBe('kept');
  expect(await kindOf(dir, 'two')).toBe('edited');
});

test('an edited file stays unless it is named, and is not asked about twice', async () => {
  const dir = await folder();
  await writeFolder(dir, await compareFolder(dir, [file('one')]), new Set());
  await writeFile(path.join(dir, 'Dockerfile'), 'mine');
  expect(await writeFolder(dir, await compareFolder(dir, [file('two')]), new Set())).toEqual([]);
  expect(await readFile(path.join(dir, 'Dockerfile'), 'utf8')).toBe('mine');
  expect(await kindOf(dir, 'two')).toBe('kept');
  expect(await writeFolder(dir, await compareFolder(dir, [file('three')]), new Set(['Dockerfile']))).toEqual(['Dockerfile']);
  expect(await readFile(path.join(dir, 'Dockerfile'), 'utf8')).toBe('three');
});

test('a file of somebody else is never taken for ours, not even after a broken record', async () => {
  const dir = await folder();
  await writeFile(path.join(dir, 'Dockerfile'), 'theirs');
  expect(await kindOf(dir, 'one')).toBe('foreign');
  await mkdir(path.join(dir, '.mlflow-gcp'));
  await writeFile(path.join(dir, '.mlflow-gcp/rendered.json'), '{"Dock');
  expect(await kindOf(dir, 'one')).toBe('foreign');
});

test('tokens are filled, dot files get their dot, and a token without a value is a mistake of ours', async () => {
  const templates = await folder();
  await writeFile(path.join(templates, 'gitignore'), 'x');
  await writeFile(path.join(templates, 'a.yaml'), 'name: {{ name }}\nsecret: "{{secretVersions.x}}"\nkeep: <{{ env }}>');
  await expect(renderProject(templates, { name: 'n', 'secretVersions.x': '3' })).rejects.toThrow('{{ env }}');
  const files = await renderProject(templates, { name: 'n', 'secretVersions.x': '3', env: 'e' });
  expect(files.map(({ path: place, content }) => [place, content])).toEqual([
    ['.gitignore', 'x'],
    ['a.yaml', 'name: n\nsecret: "3"\nkeep: <e>'],
  ]);
});

async function sources(): Promise<string> {
  const dir = await folder();
  await writeFile(path.join(dir, 'Dockerfile'), 'FROM x');
  await writeFile(path.join(dir, '.dockerignore'), 'README.md\n**/__pycache__\n!app/keep.md\n');
  await writeFile(path.join(dir, 'README.md'), 'no');
  await mkdir(path.join(dir, 'app/__pycache__'), { recursive: true });
  await writeFile(path.join(dir, 'app/__pycache__/x.pyc'), 'no');
  await writeFile(path.join(dir, 'app/server.py'), 'print()');
  await mkdir(path.join(dir, '.mlflow-gcp'));
  await writeFile(path.join(dir, '.mlflow-gcp/rendered.json'), '{}');
  await symlink('server.py', path.join(dir, 'app/link.py'));
  return dir;
}

test('equal sources give equal archives whatever their times; .dockerignore and our own notes are left out', async () => {
  const [one, two] = await Promise.all([sources(), sources()]);
  await utimes(path.join(two, 'Dockerfile'), 1, 1);
  const [first, second] = await Promise.all([packSources(one), packSources(two)]);
  expect(first.files).toEqual(['.dockerignore', 'Dockerfile', 'app/link.py', 'app/server.py']);
  expect(second.digest).toBe(first.digest);
  expect(second.bytes.equals(first.bytes)).toBe(true);
  await writeFile(path.join(two, 'app/server.py'), 'print(1)');
  expect((await packSources(two)).digest).not.toBe(first.digest);
  const names: string[] = [];
  const reader = extract();
  reader.end(gunzipSync(first.bytes));
  for await (const entry of reader) {
    names.push(entry.header.name);
    entry.resume();
  }
  expect(names).toEqual(first.files);
});

test('a folder without a Dockerfile says how to get one', async () => {
  await expect(packSources(await folder())).rejects.toMatchObject({ code: 'NO_DOCKERFILE' });
});

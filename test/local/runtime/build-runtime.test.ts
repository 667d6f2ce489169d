import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildFailed } from '../../../src/local/runtime-port.ts';
import { type RunPlace, runPlace, sourceOf } from './run-setup.ts';

const DOCKERFILE = 'FROM --platform=linux/amd64 mirror.gcr.io/library/python:3.13-slim\n';

describe('a build', () => {
  let place: RunPlace;
  beforeEach(async () => {
    place = await runPlace();
  });
  afterEach(() => place.remove());
  const build = async (source: Buffer, dockerfile = 'Dockerfile') => {
    const lines: string[] = [];
    const request = {
      id: '1',
      image: 'h/p/r/n:t',
      source: Readable.from([source]),
      dockerfile,
      log: (line: string) => void lines.push(line),
      signal: new AbortController().signal,
    };
    return { ...(await place.builds.build(request)), lines };
  };

  it('of the same files gives the same digest, in whatever order and whenever they were packed', async () => {
    const one = await build(await sourceOf({ Dockerfile: DOCKERFILE, 'app/a.py': 'a', 'b.sh': 'b' }));
    const other = await build(
      await sourceOf({ 'b.sh': 'b', './app/a.py': 'a', Dockerfile: DOCKERFILE }, (archive) =>
        archive.entry({ name: 'app/', type: 'directory', mtime: new Date(0) }),
      ),
    );
    expect(one.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(other.digest).toBe(one.digest);
    expect(other.lines.join()).toContain('Nothing in the source has changed');
    expect(one.lines.join()).toContain('python:3.13-slim');
  });

  it('of other contents, names, modes or of another Dockerfile gives another digest', async () => {
    const sources = [{ 'a.py': 'a' }, { 'a.py': 'b' }, { 'b.py': 'a' }, { 'a.sh': 'a' }];
    const digests = new Set<string>();
    for (const files of sources)
      digests.add(
        (await build(await sourceOf({ Dockerfile: DOCKERFILE, Other: '', ...files } as Record<string, string>))).digest,
      );
    digests.add((await build(await sourceOf({ Dockerfile: DOCKERFILE, Other: '', 'a.py': 'a' }), 'Other')).digest);
    expect(digests.size).toBe(5);
  });

  it('is there for its digest alone, with its files as they were packed', async () => {
    const { digest } = await build(
      await sourceOf({ Dockerfile: DOCKERFILE, 'run.sh': 'text' }, (archive) =>
        archive.entry({ name: 'link', type: 'symlink', linkname: 'run.sh' }),
      ),
    );
    expect(await place.builds.has(digest)).toBe(true);
    expect(await place.builds.has(`sha256:${'0'.repeat(64)}`)).toBe(false);
    expect(await place.builds.has('../../etc')).toBe(false);
    const { source = '' } = place.builds.find(digest) ?? {};
    expect(readFileSync(join(source, 'link'), 'utf8')).toBe('text');
    expect(statSync(join(source, 'run.sh')).mode & 0o111).toBe(0o111);
  });

  it.each<[string, Parameters<typeof sourceOf>[1]]>([
    ['a name above the folder', (archive) => archive.entry({ name: '../escaped' }, 'x')],
    ['a name above a folder in it', (archive) => archive.entry({ name: 'a/../../escaped' }, 'x')],
    ['an absolute name', (archive) => archive.entry({ name: '/tmp/mlflow-gcp-escaped' }, 'x')],
    ['a link above the folder', (archive) => archive.entry({ name: 'a/link', type: 'symlink', linkname: '../../..' })],
    ['an absolute link', (archive) => archive.entry({ name: 'link', type: 'symlink', linkname: '/etc' })],
    [
      'a link by way of a link',
      (archive) => {
        archive.entry({ name: 'here', type: 'symlink', linkname: '.' });
        archive.entry({ name: 'link', type: 'symlink', linkname: 'here/here/../..' });
      },
    ],
    [
      'a file behind a link',
      (archive) => {
        archive.entry({ name: 'out', type: 'symlink', linkname: '..' });
        archive.entry({ name: 'out/escaped' }, 'x');
      },
    ],
    ['a hard link', (archive) => archive.entry({ name: 'hard', type: 'link', linkname: 'Dockerfile' })],
    ['a device', (archive) => archive.entry({ name: 'device', type: 'character-device' })],
    ['a file twice', (archive) => archive.entry({ name: 'Dockerfile' }, 'again')],
  ])('refuses an archive with %s, and leaves nothing', async (_, change) => {
    await expect(build(await sourceOf({ Dockerfile: DOCKERFILE }, change))).rejects.toBeInstanceOf(BuildFailed);
    expect(await readdir(join(place.folder, 'builds'))).toEqual([]);
    expect(existsSync(join(place.folder, 'escaped'))).toBe(false);
    expect(existsSync('/tmp/mlflow-gcp-escaped')).toBe(false);
  });

  it('refuses what is no archive, one that is cut off, and one without its Dockerfile', async () => {
    await expect(build(Buffer.from('not gzip'))).rejects.toThrow('not a gzipped tar');
    await expect(build(gzipSync(Buffer.from('not tar'.repeat(100))))).rejects.toBeInstanceOf(BuildFailed);
    const whole = await sourceOf({ Dockerfile: DOCKERFILE, large: 'x'.repeat(100_000) });
    await expect(build(whole.subarray(0, whole.length - 60))).rejects.toBeInstanceOf(BuildFailed);
    await expect(build(await sourceOf({ 'a.py': 'a' }))).rejects.toThrow('no Dockerfile');
    await expect(build(await sourceOf({ Dockerfile: DOCKERFILE }), '../Dockerfile')).rejects.toBeInstanceOf(BuildFailed);
  });

  it('wants a lock beside pyproject.toml', async () => {
    await expect(build(await sourceOf({ Dockerfile: DOCKERFILE, 'pyproject.toml': '' }))).rejects.toThrow('no uv.lock');
  });

  it('keeps the newest ones', async () => {
    const digests: string[] = [];
    for (let at = 0; at < 8; at += 1) {
      const { digest } = await build(await sourceOf({ Dockerfile: DOCKERFILE, n: String(at) }));
      await utimes(join(place.folder, 'builds', digest.slice(7)), at, at);
      digests.push(digest);
    }
    const kept = await Promise.all(digests.map((digest) => place.builds.has(digest)));
    expect(kept.filter(Boolean).length).toBeLessThanOrEqual(6);
    expect(kept.slice(-4)).toEqual([true, true, true, true]);
  });
});

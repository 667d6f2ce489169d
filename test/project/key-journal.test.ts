import { spawnSync } from 'node:child_process';
import { stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { awaitOtherRun, beginJournal, endJournal, journalFile, readJournal } from '../../src/project/key-journal.ts';
import { temporaryFolder } from '../support/program.ts';

const { signal } = new AbortController();
const journal = (pid: number) => ({ pid, before: ['one'], drop: [] });

test('a journal is begun once, for its owner’s eyes alone, and read by whoever comes next', async () => {
  const file = path.join(temporaryFolder(), 'keys', 'key.json');
  expect(await readJournal(file)).toBe(undefined);
  expect(await beginJournal(file, journal(1))).toBe(true);
  expect(await beginJournal(file, journal(2))).toBe(false);
  expect(await readJournal(file)).toEqual(journal(1));
  expect((await stat(journalFile(file))).mode & 0o777).toBe(0o600);
  await endJournal(file);
  expect(await readJournal(file)).toBe(undefined);
});

test('a run that is alive is waited for; one that is dead, or was begun long ago, is not', async () => {
  const file = path.join(temporaryFolder(), 'key.json');
  await awaitOtherRun(file, signal, 50);
  await beginJournal(file, journal(process.ppid));
  await expect(awaitOtherRun(file, signal, 50)).rejects.toMatchObject({ code: 'KEY_BUSY', hint: expect.stringContaining('rm ') });
  const hourAgo = new Date(Date.now() - 3_600_000);
  await utimes(journalFile(file), hourAgo, hourAgo);
  await awaitOtherRun(file, signal, 50);
  const { pid } = spawnSync('true');
  await writeFile(journalFile(file), JSON.stringify(journal(pid)));
  await awaitOtherRun(file, signal, 50);
  // Cut off while it was being written, which takes no two seconds.
  await writeFile(journalFile(file), '{"pid": ');
  expect(await readJournal(file)).toBe(undefined);
  await utimes(journalFile(file), hourAgo, hourAgo);
  await awaitOtherRun(file, signal, 50);
});

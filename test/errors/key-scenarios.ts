import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorFor } from '../../src/gcp/errors.ts';
import { tokenRefusal } from '../../src/gcp/token-refusal.ts';
import { readKeyFile, writeKeyFile } from '../../src/project/key-file.ts';
import { awaitOtherRun, journalFile } from '../../src/project/key-journal.ts';
import { temporaryFolder } from '../support/program.ts';
import { during, type Scenario } from './scenario.ts';

/** The files of keys, and tokens from outside of Google. */
export const keyScenarios: Scenario[] = [
  during('KEY_FILE_UNREADABLE', () => readKeyFile(temporaryFolder())),
  during('KEY_FILE_NOT_WRITABLE', async () => {
    const file = path.join(temporaryFolder(), 'file');
    await writeFile(file, '');
    await writeKeyFile(path.join(file, 'key.json'), '{}');
  }),
  during('KEY_BUSY', async () => {
    const file = path.join(temporaryFolder(), 'key.json');
    // The process that started the tests is alive all the while.
    await writeFile(journalFile(file), JSON.stringify({ pid: process.ppid, before: [], drop: [] }));
    await awaitOtherRun(file, new AbortController().signal, 0);
  }),
  during('FEDERATION_REFUSED', () => {
    const failure = {
      status: 400,
      rpcStatus: '',
      reasons: ['invalid_grant'],
      metadata: {},
      violations: [],
      message: 'The audience is wrong.',
    };
    throw tokenRefusal(errorFor({ ...failure, method: 'POST', url: 'https://sts.googleapis.com/v1/token' }));
  }),
];

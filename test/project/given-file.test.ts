import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readGivenFile, readGivenStream } from '../../src/project/given-file.ts';
import { readKeyFile } from '../../src/project/key-file.ts';

it('reads a device without an end no further than a mebibyte', async () => {
  await expect(readGivenFile('/dev/zero')).rejects.toMatchObject({ code: 'EFBIG' });
});

it('lets a pipe without an end go', async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield 'y\n'.repeat(1000);
    })(),
  );
  await expect(readGivenStream(endless)).rejects.toMatchObject({ code: 'EFBIG' });
  expect(endless.destroyed).toBe(true);
});

it('puts characters together that came in two parts', async () => {
  const bytes = Buffer.from('é');
  expect(await readGivenStream(Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]))).toBe('é');
});

it('leaves out the mark that some editors put in front', async () => {
  expect(await readGivenStream(Readable.from([Buffer.from('\ufeffsecret')]))).toBe('secret');
});

it('rejects with the code of the system where there is no such file', async () => {
  await expect(readGivenFile('/nowhere/at/all')).rejects.toMatchObject({ code: 'ENOENT' });
});

it('so does a key file', async () => {
  await expect(readKeyFile('/dev/zero')).rejects.toMatchObject({
    code: 'KEY_FILE_UNREADABLE',
    message: expect.stringContaining('1 MiB'),
  });
});

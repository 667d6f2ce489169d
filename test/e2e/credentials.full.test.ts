import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { keyIds, startOwn, writesOf } from '../support/own-home.ts';
import { startChild } from '../support/program.ts';

describe('a key of the server’s account', () => {
  test('going without one again deletes it', async () => {
    const cloud = await startOwn();
    const file = path.join(cloud.home, 'my key.json');
    await cloud.made('init', '--credentials', 'key', '--key-file', path.relative(cloud.folder, file));
    expect(await keyIds(cloud)).toHaveLength(1);
    const plan = await cloud.run('init', '--credentials', 'keyless', '--dry-run');
    expect(plan.stdout).toMatch(/Key of service account mlflow-server +update +delete key/);
    const { repeat } = await cloud.made('init', '--credentials', 'keyless');
    expect(repeat).not.toContain('key');
    expect(await keyIds(cloud)).toEqual([]);
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await writesOf(cloud, () => cloud.made('init'))).toEqual([]);
  });

  test('a run that is killed, an answer that is lost and two runs at once leave one key, and its file', {
    timeout: 60_000,
  }, async () => {
    const cloud = await startOwn();
    await cloud.made('init');
    const one = async () =>
      expect(await keyIds(cloud)).toEqual([JSON.parse(await readFile(cloud.keyFile, 'utf8')).private_key_id]);
    const match = 'POST iam\\.googleapis\\.com/.*/keys$';
    await cloud.fault({ match, stall: true });
    const child = startChild(['init', '--credentials', 'key', '--yes'], { env: cloud.env, cwd: cloud.folder });
    child.process.stdin.end();
    while ((await keyIds(cloud)).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    child.process.kill('SIGKILL');
    await child.outcome;
    expect(await keyIds(cloud)).toHaveLength(1);
    await cloud.made('init', '--credentials', 'key');
    await one();
    await expect(stat(`${cloud.keyFile}.pending`)).rejects.toMatchObject({ code: 'ENOENT' });

    await cloud.fault({ match, after: true });
    await cloud.made('init', '--new-key');
    await one();

    await cloud.made('init', '--credentials', 'keyless');
    await Promise.all([cloud.made('init', '--credentials', 'key'), cloud.made('init', '--credentials', 'key')]);
    await one();
  });
});

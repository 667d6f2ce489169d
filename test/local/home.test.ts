import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deleteHome, localHome, prepareHome, programsFolder, sweepLostDatabases } from '../../src/local/home.ts';

const asRoot = process.getuid?.() === 0;

describe('where the local target keeps things', () => {
  it('is MLFLOW_GCP_HOME, else the user’s data folder', () => {
    expect(localHome({ MLFLOW_GCP_HOME: '/some/where', XDG_DATA_HOME: '/data', HOME: '/home/me' }, 1000).folder).toBe(
      '/some/where',
    );
    expect(localHome({ XDG_DATA_HOME: '/data', HOME: '/home/me' }, 1000).folder).toBe('/data/mlflow-gcp');
    expect(localHome({ XDG_DATA_HOME: 'relative', HOME: '/home/me' }, 1000).folder).toBe('/home/me/.local/share/mlflow-gcp');
    expect(localHome({ HOME: '/home/me' }, 1000).sql).toBe('/home/me/.local/share/mlflow-gcp/sql');
  });

  it('is for root’s databases a folder that another user can reach, of its own for each home', () => {
    const [one, other] = ['/root/a', '/root/b'].map((home) => localHome({ MLFLOW_GCP_HOME: home }, 0).sql);
    expect(one).toMatch(/^\/var\/lib\/mlflow-gcp\/[0-9a-f]{12}\/sql$/);
    expect(other).not.toBe(one);
    expect(programsFolder('/root/.cache/mlflow-gcp', 0)).toBe('/var/lib/mlflow-gcp/postgresql');
    expect(programsFolder('/home/me/.cache/mlflow-gcp', 1000)).toBe('/home/me/.cache/mlflow-gcp/postgresql');
  });

  describe('on disk', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'mlflow-gcp-home-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it('is for its owner alone, and goes with nothing else that lies there', async () => {
      const home = localHome({ MLFLOW_GCP_HOME: join(folder, 'home') });
      prepareHome(home);
      expect(statSync(home.folder).mode & 0o077).toBe(0);
      mkdirSync(home.sql, { recursive: true });
      writeFileSync(join(home.folder, 'mine'), '');
      await deleteHome(home);
      expect(existsSync(join(home.folder, 'mine'))).toBe(true);
      expect([existsSync(home.sql), existsSync(home.logs)]).toEqual([false, false]);
      rmSync(join(home.folder, 'mine'));
      await deleteHome(home);
      expect(existsSync(home.folder)).toBe(false);
    });

    it.runIf(asRoot)('leaves no database of root behind when its home has been deleted by hand', async () => {
      const [gone, kept] = ['gone', 'kept'].map((name) => localHome({ MLFLOW_GCP_HOME: join(folder, name) }));
      for (const home of [gone!, kept!]) {
        prepareHome(home);
        mkdirSync(home.sql);
      }
      rmSync(gone!.folder, { recursive: true });
      await sweepLostDatabases(kept!);
      expect([existsSync(gone!.sqlHome), existsSync(kept!.sql)]).toEqual([false, true]);
      await deleteHome(kept!);
      expect(existsSync(kept!.sqlHome)).toBe(false);
    });

    it.runIf(!asRoot)('is refused where it cannot be written to', () => {
      chmodSync(folder, 0o555);
      expect(() => prepareHome(localHome({ MLFLOW_GCP_HOME: join(folder, 'home') }))).toThrow(/cannot write to .*EACCES/);
    });
  });
});

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { shortName } from './layout.ts';

/** Where the copies of instances are kept, one folder for each, whatever the engine. */
export interface BackupFolders {
  of(id: string): string;
  has(id: string): boolean;
  /** The folder of a copy that is there. Throws {@link noBackupData} for any other. */
  existing(id: string): string;
  remove(id: string): Promise<void>;
}

/** The copies below `folder`, which holds the instances' own data. */
export function backupFolders(folder: string): BackupFolders {
  const of = (id: string): string => join(folder, 'backups', shortName(id));
  const has = (id: string): boolean => existsSync(of(id));
  return {
    of,
    has,
    existing(id) {
      if (!has(id)) throw noBackupData(of(id));
      return of(id);
    },
    remove: (id) => rm(of(id), { recursive: true, force: true }),
  };
}

export function noBackupData(folder: string): UserError {
  return new UserError({
    code: 'LOCAL_NO_BACKUP_DATA',
    message: `There are no data of a database in ${folder}.`,
    hint: 'Somebody has deleted them: see mlflow-gcp local logs.',
  });
}

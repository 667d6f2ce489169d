import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** The folders of one local target. Secrets lie in some of them, so each is for its owner alone unless said otherwise. */
export interface RuntimeFolders {
  /** Of the simulator's records, objects and authority. */
  simulator: string;
  /** Database clusters. Has to be reachable by the user that PostgreSQL runs as. */
  sql: string;
  builds: string;
  environments: string;
  /** Revisions' own folders: temporary files, home. */
  revisions: string;
  logs: string;
  processes: string;
  /** Ports of the plain loopback doors: kept, so that an address that was noted stays good. */
  doorsFile: string;
}

/** Where everything of the local target in `home` lies; `sqlHome` is where databases go when that is not the home itself. */
export function runtimeFolders(home: string, sqlHome: string): RuntimeFolders {
  return {
    simulator: join(home, 'simulator'),
    sql: join(sqlHome, 'sql'),
    builds: join(home, 'builds'),
    environments: join(home, 'environments'),
    revisions: join(home, 'revisions'),
    logs: join(home, 'logs'),
    processes: join(home, 'processes'),
    doorsFile: join(home, 'doors.json'),
  };
}

/** A short name for files and folders, from a name that may be long or hold any character. */
export function shortName(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 12);
}

import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Cloud } from './deployment.ts';
import { temporaryFolder } from './program.ts';
import { keys, onTerminal, type Terminal } from './pty.ts';

/** One question of `init` as a person meets it: what stands there when it can be answered, and the keys of an answer. */
export interface Stop {
  shows: string | RegExp;
  type: string;
}

/** The way through all questions, sizes chosen one by one. */
export const ALL_QUESTIONS = {
  project: { shows: /Google Cloud project id[^❯]*❯ mlflow-local/, type: keys.enter },
  name: { shows: /Name of the deployment \(\S+\)/, type: `team-a${keys.enter}` },
  region: { shows: /Region[^❯]*❯ \S+/, type: keys.enter },
  profile: { shows: /Profile[^❯]*❯ demo/, type: `${keys.down}${keys.down}${keys.down}${keys.enter}` },
  database: { shows: /Database system[^❯]*❯ PostgreSQL/, type: keys.enter },
  tier: { shows: /Machine of the database[^❯]*❯ /, type: `${keys.down}${keys.down}${keys.enter}` },
  availability: { shows: /Second database in another[^❯]*❯ /, type: keys.enter },
  minInstances: { shows: /Server instances that are kept running\s+\(\d+\)/, type: keys.enter },
  username: { shows: /User name for MLflow clients \(\S+\)/, type: `ada${keys.enter}` },
} satisfies Record<string, Stop>;

/** Goes along the stops; the last one named is waited for, and left to the caller. */
export async function walkTo(
  terminal: Terminal,
  last: string | RegExp,
  stops: Stop[] = Object.values(ALL_QUESTIONS),
): Promise<void> {
  for (const stop of stops) {
    if (stop.shows === last) break;
    await terminal.asks(stop.shows);
    terminal.type(stop.type);
  }
  await terminal.asks(last);
}

/** `init` on a terminal, in a folder of its own that has the lock of packages in it where one is wanted. */
export async function startWizard(
  cloud: Cloud,
  options: { args?: string[]; env?: Record<string, string>; columns?: number; locked?: boolean } = {},
): Promise<Terminal & { folder: string }> {
  const folder = temporaryFolder();
  if (options.locked) await copyLock(cloud.folder, folder);
  // Nobody's own gcloud and credentials are looked at.
  const env = { ...cloud.env, HOME: temporaryFolder(), METADATA_SERVER_DETECTION: 'none', ...options.env };
  const terminal = onTerminal(['init', ...(options.args ?? [])], {
    env,
    cwd: folder,
    ...(options.columns !== undefined && { columns: options.columns }),
  });
  return { ...terminal, folder };
}

async function copyLock(from: string, to: string): Promise<void> {
  await mkdir(path.join(to, '.mlflow-gcp'));
  for (const file of ['uv.lock', '.mlflow-gcp/locked.json']) await copyFile(path.join(from, file), path.join(to, file));
}

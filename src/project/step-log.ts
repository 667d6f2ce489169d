import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { StepLine } from '../ui/logged-ui.ts';
import { strikeOut } from './strike-out.ts';
import type { Environment } from './tool.ts';

/** Two files of this size are kept at most. */
const LARGEST_FILE = 2_000_000;
const FILE = 'steps.ndjson';

export interface StepLog {
  /** Absolute path. */
  file: string;
  /** Whether a line of this process is in there. */
  used(): boolean;
  /** Appends a line at once, so that it is there whatever ends the process. A log that cannot be written stops nothing. */
  write(line: StepLine): void;
}

/**
 * The log of every step, one JSON document a line, readable by its owner alone: in `MLFLOW_GCP_HOME` where that is set, else in the
 * user's state folder (https://specifications.freedesktop.org/basedir-spec/latest/).
 */
export function openStepLog(env: Environment, now: () => Date): StepLog {
  const file = path.join(stateFolder(env), FILE);
  let used = false;
  return {
    file,
    used: () => used,
    write(line) {
      try {
        if (!used) prepare(file);
        const text = JSON.stringify({ time: now().toISOString(), ...line }, (_key, value: unknown) =>
          typeof value === 'string' ? strikeOut(value) : value,
        );
        // Opened for appending each time: several runs write into one file, and one write of a line is never mixed with another.
        appendFileSync(file, `${text}\n`, { mode: 0o600 });
        used = true;
      } catch {
        // A full disk or a home that may not be written to: the work itself goes on.
        return;
      }
    },
  };
}

function prepare(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_FILE) renameSync(file, `${file}.1`);
}

function stateFolder(env: Environment): string {
  const own = env['MLFLOW_GCP_HOME'];
  if (own) return path.resolve(own, 'log');
  const set = env['XDG_STATE_HOME'];
  if (set && path.isAbsolute(set)) return path.join(set, 'mlflow-gcp');
  const home = env['HOME'] || homedir();
  return process.platform === 'darwin'
    ? path.join(home, 'Library', 'Logs', 'mlflow-gcp')
    : path.join(home, '.local', 'state', 'mlflow-gcp');
}

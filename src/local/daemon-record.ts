import { rmSync } from 'node:fs';
import { readJson, writeJson } from './runtime/files.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from './runtime/process-identity.ts';

/** What the background process tells the commands about itself; its file is there from when it serves until it stops by itself. */
export interface DaemonRecord extends ProcessIdentity {
  /** Version of mlflow-gcp that it runs. */
  version: string;
  /** ISO time. */
  startedAt: string;
  /** Of the simulator, on 127.0.0.1. */
  port: number;
  /** Absolute path of the simulator's authority, PEM. */
  ca: string;
  project: string;
  projectNumber: string;
}

export type DaemonState =
  | { state: 'running'; record: DaemonRecord }
  | { state: 'died'; record: DaemonRecord }
  | { state: 'stopped' };

/** Whether the background process runs, was stopped (or never started), or has ended without being asked to. */
export function daemonState(file: string): DaemonState {
  const record = readJson<DaemonRecord>(file);
  if (record === undefined) return { state: 'stopped' };
  return { state: isAlive(record) ? 'running' : 'died', record };
}

/** Says that this process serves. */
export function announce(file: string, facts: Omit<DaemonRecord, keyof ProcessIdentity>): void {
  const identity = identifyProcess(process.pid);
  writeJson(file, { ...identity, ...facts } as DaemonRecord);
}

export function withdraw(file: string): void {
  rmSync(file, { force: true });
}

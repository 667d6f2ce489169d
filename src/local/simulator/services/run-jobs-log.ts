import type { Sim } from '../service.ts';
import { appendEntries, type NewEntry } from './logging-entries.ts';
import type { ExecutionRecord } from './run-jobs-records.ts';

const FLUSH_MS = 200;

/** Where the lines of an attempt go. */
export interface TaskLog {
  line(text: string, stream: 'stdout' | 'stderr'): void;
  /** What Cloud Run itself says. */
  system(text: string): void;
  end(): void;
}

/**
 * The lines of a task as Cloud Run hands them to Cloud Logging. https://docs.cloud.google.com/run/docs/logging
 * @param commit puts on disk what was written
 */
export function taskLog(
  sim: Sim,
  execution: ExecutionRecord,
  { index, attempt }: { index: number; attempt: number },
  commit: () => void,
): TaskLog {
  const { projectId, location, job, id } = execution;
  const resource = { type: 'cloud_run_job', labels: { project_id: projectId, location, job_name: job } };
  const labels = {
    'run.googleapis.com/execution_name': id,
    'run.googleapis.com/task_index': String(index),
    'run.googleapis.com/task_attempt': String(attempt),
  };
  const waiting: NewEntry[] = [];
  const flush = (): void => {
    if (waiting.length === 0) return;
    appendEntries(sim, projectId, waiting.splice(0));
    commit();
  };
  const timer = setInterval(flush, FLUSH_MS);
  const add = (log: string, more: NewEntry | object): void => {
    const logName = `projects/${projectId}/logs/run.googleapis.com%2F${log}`;
    waiting.push({ logName, resource, labels, timestamp: sim.timestamp(), ...more });
  };
  return {
    line: (text, stream) => add(stream, payloadOf(text)),
    system: (text) => add('varlog%2Fsystem', { textPayload: text, severity: 'INFO' }),
    end: () => {
      clearInterval(timer);
      flush();
    },
  };
}

/** A line that is a JSON object is a structured entry: its severity and its message have fields of their own. */
export function payloadOf(text: string): object {
  if (!text.startsWith('{')) return { textPayload: text };
  try {
    const { severity, ...jsonPayload } = JSON.parse(text) as { severity?: unknown };
    const known =
      typeof severity === 'string' && /^(DEFAULT|DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY)$/.test(severity);
    return { jsonPayload, ...(known ? { severity } : {}) };
  } catch {
    // No JSON after all: the line as it is.
    return { textPayload: text };
  }
}

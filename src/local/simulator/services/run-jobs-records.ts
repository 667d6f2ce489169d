import type { JsonObject, Sim } from '../service.ts';
import type { Condition } from './run-conditions.ts';
import type { ServicePlace } from './run-records.ts';
import { listNewest, saveVersion } from './run-versions.ts';

/** What is kept of a job: one record behind both versions of the API, in the form of the second. */
export interface JobRecord extends ServicePlace {
  uid: string;
  generation: number;
  createTime: string;
  updateTime: string;
  creator: string;
  lastModifier: string;
  /** Changes with every write. */
  version: string;
  operationId: string;
  /** What the caller set, with defaults: template, labels, annotations, launchStage. */
  spec: JsonObject;
  /** Annotations of the first API that the second has no field for. */
  extras: { job: Record<string, string>; template: Record<string, string> };
  executionCount: number;
  /** Id of the newest execution. */
  latest?: string;
}

export type ExecutionState = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One run of a job. Its tasks follow from it. */
export interface ExecutionRecord {
  projectId: string;
  projectNumber: string;
  location: string;
  job: string;
  jobUid: string;
  jobGeneration: number;
  id: string;
  uid: string;
  createTime: string;
  updateTime: string;
  completionTime?: string;
  creator: string;
  version: string;
  /** An ExecutionTemplate of the second API: parallelism, taskCount, template. */
  template: JsonObject;
  extras: Record<string, string>;
  state: ExecutionState;
  /** Where its tasks are really run: how many of them are in which state. */
  counts?: TaskCounts;
  conditions: Condition[];
}
export type TaskCounts = { running?: number; succeeded?: number; failed?: number; cancelled?: number; retried?: number };

const JOBS = 'run.jobs';
const EXECUTIONS = 'run.executions';
/** Keys begin with their execution's. */
export const TASKS = 'run.tasks';

type Place = Pick<ServicePlace, 'projectId' | 'location' | 'id'>;

export function jobKey({ projectId, location, id }: Place): string {
  return `${projectId}/${location}/${id}`;
}

export function jobName({ projectId, location, id }: Place): string {
  return `projects/${projectId}/locations/${location}/jobs/${id}`;
}

/** The name under which its IAM policy is kept. */
export function jobResource(job: Place): string {
  return `//run.googleapis.com/${jobName(job)}`;
}

export function findJob(sim: Sim, key: string): JobRecord | undefined {
  return sim.store.get<JobRecord>(JOBS, key);
}

export function saveJob(sim: Sim, job: JobRecord): JobRecord {
  return saveVersion(sim, JOBS, jobKey(job), job);
}

/** @param prefix `PROJECT/` or `PROJECT/LOCATION/` */
export function listJobs(sim: Sim, prefix: string): JobRecord[] {
  return sim.store.list<JobRecord>(JOBS, prefix).map(({ value }) => value);
}

/** With all its executions. */
export function removeJob(sim: Sim, job: JobRecord): void {
  for (const execution of listExecutions(sim, `${jobKey(job)}/`)) removeExecution(sim, execution);
  sim.store.delete(JOBS, jobKey(job));
}

export function executionKey({
  projectId,
  location,
  job,
  id,
}: Pick<ExecutionRecord, 'projectId' | 'location' | 'job' | 'id'>): string {
  return `${projectId}/${location}/${job}/${id}`;
}

export function findExecution(sim: Sim, key: string): ExecutionRecord | undefined {
  return sim.store.get<ExecutionRecord>(EXECUTIONS, key);
}

export function saveExecution(sim: Sim, execution: ExecutionRecord): ExecutionRecord {
  return saveVersion(sim, EXECUTIONS, executionKey(execution), execution);
}

/** With its tasks. */
export function removeExecution(sim: Sim, execution: ExecutionRecord): void {
  const key = executionKey(execution);
  for (const task of sim.store.list(TASKS, `${key}/`)) sim.store.delete(TASKS, task.key);
  sim.store.delete(EXECUTIONS, key);
}

/** Newest first. @param prefix the key of a job with a slash, or what begins it */
export function listExecutions(sim: Sim, prefix: string): ExecutionRecord[] {
  return listNewest(sim, EXECUTIONS, prefix);
}

export function taskCountOf({ template }: Pick<ExecutionRecord, 'template'>): number {
  return Number(template['taskCount'] ?? 1);
}

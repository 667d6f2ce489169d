import type { JsonObject } from '../service.ts';

/** A condition as Knative has it; the second API shows the same in other words. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime: string;
}

/** Reasons that the second API lists under `reason`; all others are a revision's own. */
const COMMON = [
  'RevisionFailed',
  'ProgressDeadlineExceeded',
  'ContainerMissing',
  'ContainerPermissionDenied',
  'ContainerImageUnauthorized',
  'SecretsAccessCheckFailed',
  'WaitingForOperation',
  'Internal',
];
const REVISION = ['HealthCheckContainerError', 'Pending', 'Reserve', 'Retired', 'NoDeployment', 'MinInstancesNotProvisioned'];
/** Reasons of an execution or of one of its tasks. */
const EXECUTION = ['NonZeroExitCode', 'Cancelled', 'Cancelling'];
const STATES = { True: 'CONDITION_SUCCEEDED', False: 'CONDITION_FAILED', Unknown: 'CONDITION_RECONCILING' };

export function isReady(conditions: Condition[]): Condition['status'] {
  return conditions.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
}

/** The same conditions with what is new; the time of one that keeps its status stays. */
export function withConditions(
  before: Condition[],
  next: Array<Omit<Condition, 'lastTransitionTime'>>,
  now: string,
): Condition[] {
  return next.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    return { ...condition, lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : now };
  });
}

/** The conditions of a service whose newest revision is in this state. */
export function serviceConditions(
  status: Condition['status'],
  facts: { reason?: string; message?: string } = {},
): Array<Omit<Condition, 'lastTransitionTime'>> {
  const said = { ...(facts.reason ? { reason: facts.reason } : {}), ...(facts.message ? { message: facts.message } : {}) };
  return [
    { type: 'Ready', status, ...said },
    { type: 'ConfigurationsReady', status, ...said },
    { type: 'RoutesReady', status: status === 'False' ? 'Unknown' : status },
  ];
}

/** As the first API shows it. */
export function showV1({ type, status, reason, message, lastTransitionTime }: Condition): JsonObject {
  return { type, status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), lastTransitionTime };
}

/** As the second API shows it. */
export function showV2({ type, status, reason, message, lastTransitionTime }: Condition): JsonObject {
  return {
    type,
    state: STATES[status],
    ...(message ? { message } : {}),
    lastTransitionTime,
    ...(reason && COMMON.includes(reason) ? { reason: upperSnake(reason) } : {}),
    ...(reason && REVISION.includes(reason) ? { revisionReason: upperSnake(reason) } : {}),
    ...(reason && EXECUTION.includes(reason) ? { executionReason: upperSnake(reason) } : {}),
  };
}

function upperSnake(name: string): string {
  return name.replace(/(?<=[a-z])([A-Z])/g, '_$1').toUpperCase();
}

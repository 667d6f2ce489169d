import { UserError } from '../errors.ts';
import type { SkaffoldEvent, SkaffoldFault } from './skaffold-events.ts';
import { lastLines } from './tool.ts';

const LINES = 12;
const DOCS = 'https://skaffold.dev/docs/references/api/grpc/#statuscode';

type Explain = (fault: SkaffoldFault, events: SkaffoldEvent[]) => UserError;

/** By skaffold's own codes, from its enumeration StatusCode; the first that fits. */
const KINDS: Array<[RegExp, Explain]> = [
  [/^(?:BUILD_GCB_BUILD_|BUILD_USER_ERROR|BUILD_CANCELLED)/, buildFailed],
  [/^(?:BUILD_|DEPLOY_GET_CLOUD_RUN_CLIENT_ERR|DEPLOY_CLOUD_RUN_)/, refused],
  [/^(?:RENDER_|DEPLOY_READ_MANIFEST_ERR)/, manifestInvalid],
  [/^STATUSCHECK_/, notReady],
];

/**
 * What went wrong in skaffold, from the events that it leaves, the one closest to the cause; without any, from its output. Throws
 * nothing; returns BUILD_FAILED, MANIFEST_INVALID, RUN_NOT_READY, SKAFFOLD_REFUSED or SKAFFOLD_FAILED.
 */
export function skaffoldFailed(
  events: SkaffoldEvent[],
  result: { exitCode: number | undefined; stdout: string; stderr: string },
): UserError {
  const told = events.find(({ ofStatusCheck }) => ofStatusCheck) ?? events.find(({ fault }) => fault !== undefined);
  const fault = told?.fault;
  const [, explain] = KINDS.find(([codes]) => codes.test(fault?.code ?? '')) ?? [];
  if (fault !== undefined && explain !== undefined) return explain(fault, events);
  const lines = fault?.message ?? lastLines(`${result.stdout}\n${result.stderr}`, LINES);
  return new UserError({
    code: 'SKAFFOLD_FAILED',
    message: `skaffold ended with status ${result.exitCode ?? 'unknown'}${fault ? ` (${fault.code})` : ''}:\n${lines}`,
    hint: 'Mend what it says and run mlflow-gcp deploy again, or go without skaffold: mlflow-gcp deploy --with api',
    docs: 'https://skaffold.dev/docs/',
  });
}

function buildFailed(fault: SkaffoldFault, events: SkaffoldEvent[]): UserError {
  const output = events.flatMap(({ text, taskId }) => (taskId?.startsWith('Build') && text ? [text] : [])).join('');
  return new UserError({
    code: 'BUILD_FAILED',
    message: `Cloud Build did not build the image (${fault.code}): ${fault.message}\n${lastLines(output, LINES)}`.trimEnd(),
    hint: 'Mend what the log says and run mlflow-gcp deploy again.',
    docs: DOCS,
  });
}

function refused(fault: SkaffoldFault): UserError {
  return new UserError({
    code: 'SKAFFOLD_REFUSED',
    message: `skaffold could not get what it asked Google for (${fault.code}): ${fault.message}`,
    hint: 'Without skaffold, a missing permission is named, and what passes is tried again: mlflow-gcp deploy --with api',
    docs: DOCS,
  });
}

function manifestInvalid(fault: SkaffoldFault): UserError {
  return new UserError({
    code: 'MANIFEST_INVALID',
    message: `skaffold cannot use deploy/production/service.yaml (${fault.code}): ${fault.message}`,
    hint: 'Correct it, or delete it and run mlflow-gcp deploy again to have it rendered anew.',
    docs: 'https://docs.cloud.google.com/run/docs/reference/yaml/v1',
  });
}

/** The service itself tells more than skaffold does: whoever catches this asks it. */
function notReady(fault: SkaffoldFault): UserError {
  return new UserError({
    code: 'RUN_NOT_READY',
    message: `The new revision does not serve (${fault.code}): ${fault.message}`,
    hint: 'See what became of it: mlflow-gcp status',
    docs: DOCS,
  });
}

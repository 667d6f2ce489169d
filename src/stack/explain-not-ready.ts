import { UserError } from '../errors.ts';
import type { Google } from '../gcp/google.ts';
import { pause } from '../gcp/retry.ts';
import { trafficOf } from '../gcp/run-revisions.ts';
import { getKnativeService, type KnativeService } from '../gcp/run-v1.ts';
import { readServerLog } from '../gcp/server-log.ts';
import type { Deployment } from './deployment.ts';

const LINES = 15;
/** Cloud Logging shows a line some seconds after it was written. */
const LOOKS_MS = [0, 2_000, 4_000];
/** The container ran in these cases, so that it may have said something. */
const RAN = ['HealthCheckContainerError', 'ContainerExited', 'ExitCode', 'HealthCheckFailed'];

/**
 * Runs what deploys and waits. Where that ends with RUN_NOT_READY, the error is thrown again with what the container wrote, and with
 * which revision goes on serving.
 */
export async function explainingNotReady<T>(google: Google, deployment: Deployment, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'RUN_NOT_READY') throw error;
    throw await explained(google, deployment, error);
  }
}

async function explained(google: Google, { project, region, service }: Deployment, error: UserError): Promise<UserError> {
  const args = { project, region, service: service.name };
  const document = await getKnativeService(google, args);
  const revision = document?.status?.latestCreatedRevisionName;
  if (document === undefined || revision === undefined) return error;
  const lines = await lastWords(google, { ...args, revision }, RAN.includes(reasonOf(document)));
  const serving = trafficOf(document)[0]?.revisionName;
  return new UserError({
    code: error.code,
    message: [
      error.message,
      ...(lines.length === 0 ? [] : [`The last lines of ${revision}:`, ...lines.map((line) => `  ${line}`)]),
      serving === undefined || serving === revision ? 'No other revision serves.' : `${serving} goes on serving.`,
    ].join('\n'),
    hint: error.hint,
    ...(error.docs !== undefined && { docs: error.docs }),
    cause: error,
  });
}

async function lastWords(
  google: Google,
  args: { project: string; region: string; service: string; revision: string },
  ran: boolean,
): Promise<string[]> {
  for (const wait of ran ? LOOKS_MS : LOOKS_MS.slice(0, 1)) {
    await pause(google, wait);
    const lines = await readServerLog(google, { ...args, lines: LINES });
    if (lines.length > 0) return lines;
  }
  return [];
}

function reasonOf(document: KnativeService): string {
  return document.status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? '';
}

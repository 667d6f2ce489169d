import type { Google } from '../gcp/google.ts';
import { getKnativeService } from '../gcp/run-v1.ts';
import { getInstance } from '../gcp/sql.ts';
import type { Deployment } from './deployment.ts';

/** Whether something works, apart from being set as it should be. */
export interface Health {
  /** ok, or what is the matter in a word: stopped, failed, starting. */
  state: string;
  /** More about it; may be empty. */
  note: string;
}

/** Of the Cloud SQL instance; undefined where there is none. https://docs.cloud.google.com/sql/docs/postgres/instance-info */
export async function instanceHealth(google: Google, { project, sqlInstance }: Deployment): Promise<Health | undefined> {
  const found = await getInstance(google, { project, instance: sqlInstance });
  if (found === undefined) return undefined;
  // One that was stopped says RUNNABLE too.
  if (found.settings.activationPolicy === 'NEVER') return { state: 'stopped', note: 'no server can reach its database' };
  if (found.state === 'RUNNABLE') return { state: 'ok', note: '' };
  const failed = ['FAILED', 'SUSPENDED', 'UNKNOWN_STATE'].includes(found.state);
  return { state: failed ? 'failed' : 'busy', note: found.state };
}

/** Of the Cloud Run service: its serving revision, or why it does not serve; undefined where there is none. */
export async function serviceHealth(google: Google, { project, region, service }: Deployment): Promise<Health | undefined> {
  const found = await getKnativeService(google, { project, region, service: service.name });
  if (found === undefined) return undefined;
  const { status, metadata } = found;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const serving = status?.latestReadyRevisionName ?? '';
  if (!current || ready === undefined || ready.status === 'Unknown') return { state: 'starting', note: serving };
  if (ready.status === 'True') return { state: 'ok', note: serving };
  const why = `${ready.reason ?? 'not ready'}: ${(ready.message ?? '').split('\n')[0]}`;
  return { state: 'failed', note: serving === '' ? why : `${serving} serves; ${why}` };
}

import { UserError } from '../errors.ts';
import type { Google } from '../gcp/google.ts';
import { listRevisions, type RunRevision, trafficOf } from '../gcp/run-revisions.ts';
import { getKnativeService, type KnativeService } from '../gcp/run-v1.ts';
import type { Deployment } from './deployment.ts';
import { settle } from './settle.ts';
import { unlessDisabled } from './unless-disabled.ts';

/** What answers the deployment's address now. */
export interface Serving {
  service: KnativeService;
  /** All of the service, the newest first. */
  revisions: RunRevision[];
  /** The one with most of the traffic; undefined where none ever got ready. */
  revision: RunRevision | undefined;
  /** Percent of the traffic, by revision. */
  shares: Record<string, number>;
  /** The traffic is kept on an older revision than the newest one that is ready. */
  rolledBack: boolean;
}

/** Looks at the deployed service and its revisions; undefined where there is none. */
export async function readServing(google: Google, { project, region, service }: Deployment): Promise<Serving | undefined> {
  const args = { project, region, service: service.name };
  const found = await unlessDisabled(settle([getKnativeService(google, args), listRevisions(google, args)]));
  const [document, revisions] = found ?? [];
  if (document === undefined || revisions === undefined) return undefined;
  const traffic = trafficOf(document);
  const revision = revisions.find(({ name }) => name === traffic[0]?.revisionName);
  const newest = document.status?.latestReadyRevisionName;
  return {
    service: document,
    revisions,
    revision,
    shares: Object.fromEntries(traffic.map(({ revisionName, percent }) => [revisionName, percent])),
    rolledBack: revision !== undefined && newest !== undefined && revision.name !== newest,
  };
}

/** Throws ROLLED_BACK where a new revision would begin from the template that was rolled back from. */
export function refuseRolledBack(serving: Serving | undefined): void {
  if (!serving?.rolledBack) return;
  throw new UserError({
    code: 'ROLLED_BACK',
    message: `The service was rolled back: ${serving.revision?.name} serves, and not ${serving.service.status?.latestReadyRevisionName}. A new revision would bring back what was rolled back from.`,
    hint: 'Deploy what is to serve first: mlflow-gcp deploy',
  });
}

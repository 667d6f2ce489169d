import { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { type RunRevision, sendTraffic } from '../../gcp/run-revisions.ts';
import { listVersions } from '../../gcp/secret-versions.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { readServing, type Serving } from '../../stack/serving.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { readClientSettings } from '../server-access.ts';
import { type CheckChoice, proveStep } from './prove-step.ts';

/**
 * Sends the traffic back to the newest ready revision that is older than the one that serves, and checks it from outside. The next deploy
 * sends it to its own revision again. Throws NOT_DEPLOYED, NO_REVISION_BEFORE, ROLLBACK_SECRETS_DISABLED.
 */
export async function rollBack(
  context: Pick<Context, 'ui' | 'deps' | 'settings'>,
  google: Google,
  deployment: Deployment,
  choice: CheckChoice,
): Promise<CommandResult> {
  const { ui, settings } = context;
  const { project, region, service, name } = deployment;
  const [from, to] = await ui.step('Look at the revisions', async () =>
    before(await readServing(google, deployment), deployment),
  );
  await refuseDisabledSecrets(google, deployment, to);
  const data = { service: service.name, url: deployment.url, from: from.name, to: to.name, image: to.image };
  if (settings.dryRun) {
    const text = `Would send the traffic of ${service.name} from ${from.name} back to ${to.name} of ${to.createTime}.`;
    return { data: { dryRun: true, ...data }, show: [{ kind: 'text', text }] };
  }
  await ui.step(`Send the traffic to ${to.name}`, () =>
    sendTraffic(google, { project, region, service: service.name, revision: to.name }),
  );
  const checks = choice.noCheck ? [] : await proveStep(context, google, await readClientSettings(google, project, name), choice);
  const text = `${to.name} of ${to.createTime} serves again in place of ${from.name}. The next mlflow-gcp deploy sends the traffic to its own revision.`;
  return { data: { ...data, checked: !choice.noCheck, checks }, show: [{ kind: 'text', text }] };
}

function before(serving: Serving | undefined, { service, project }: Deployment): [RunRevision, RunRevision] {
  const { revision } = serving ?? {};
  if (serving === undefined || revision === undefined) {
    throw new UserError({
      code: 'NOT_DEPLOYED',
      message: `No revision of service ${service.name} serves in project ${project}.`,
      hint: 'Deploy it with: mlflow-gcp deploy',
    });
  }
  const older = serving.revisions.slice(serving.revisions.indexOf(revision) + 1).find(({ ready }) => ready);
  if (older !== undefined) return [revision, older];
  throw new UserError({
    code: 'NO_REVISION_BEFORE',
    message: `There is no ready revision before ${revision.name}, which serves.`,
    hint: 'Deploy an image of your choice with: mlflow-gcp deploy --image REFERENCE@sha256:…',
  });
}

/** Cloud Run reads the secrets when an instance starts: one of a revision whose version is disabled never would. */
async function refuseDisabledSecrets(google: Google, { project }: Deployment, revision: RunRevision): Promise<void> {
  for (const [secretId, version] of Object.entries(revision.secretVersions)) {
    const found = (await listVersions(google, { project, secretId })).find((one) => one.version === version);
    if (version === 'latest' || found?.state === 'ENABLED') continue;
    throw new UserError({
      code: 'ROLLBACK_SECRETS_DISABLED',
      message: `${revision.name} uses version ${version} of ${secretId}, which is ${found?.state.toLowerCase() ?? 'gone'}: no instance of it could start.`,
      hint: `Deploy its image with the secrets of today: mlflow-gcp deploy --image ${revision.image}`,
    });
  }
}

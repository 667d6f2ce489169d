import { UserError } from '../../errors.ts';
import { accessVersion, addVersion } from '../../gcp/secret-versions.ts';
import { getSecret } from '../../gcp/secrets.ts';
import { type Deployment, SECRET_KEYS } from '../../stack/deployment.ts';
import { assertOurs } from '../../stack/ownership.ts';
import { refuseRolledBack } from '../../stack/serving.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { setOptions } from '../secrets.ts';
import { type OpenSecrets, withSecrets } from './open-secrets.ts';
import { readValue } from './read-value.ts';
import { checkSecret } from './secret-checks.ts';
import { secretKeyOf } from './secret-key.ts';
import { takeIntoUse } from './take-into-use.ts';

type SetContext = Context<typeof setOptions>;

/** Adds a version with the value that was given, and deploys it where that is wanted. */
export function run(context: SetContext): Promise<CommandResult> {
  const key = secretKeyOf(context.args[0] ?? '', context.settings.name.value, SECRET_KEYS);
  return withSecrets(context, async (open) => {
    const { google, deployment, serving } = open;
    const args = { project: deployment.project, secretId: deployment.secrets[key] };
    const secret = await getSecret(google, args);
    if (secret === undefined) throw noSecret(deployment, args.secretId);
    assertOurs(`Secret ${args.secretId}`, secret.labels, deployment);
    if (context.options.deploy) refuseRolledBack(serving);
    const value = await readValue(context, args.secretId, (given) => checkSecret(deployment, key, given));
    if (context.settings.dryRun) {
      const text = `Would add a version to ${args.secretId}.`;
      return { data: { dryRun: true, name: args.secretId }, show: [{ kind: 'text', text }] };
    }
    const added = await context.ui.step(
      `New version of ${args.secretId}`,
      async () => {
        const current = await accessVersion(google, args);
        if (current?.value === value) return { version: current.version, created: false };
        return { version: (await addVersion(google, { ...args, value })).version, created: true };
      },
      { outcome: ({ version, created }) => (created ? `version ${version}` : 'unchanged') },
    );
    if (key === 'database_url' && added.created)
      context.ui.note('The database has to know this password: mlflow-gcp init gives it to the database user.');
    return finish(context, open, { name: args.secretId, ...added });
  });
}

async function finish(
  context: SetContext,
  { google, deployment, serving }: OpenSecrets,
  set: { name: string; version: string; created: boolean },
): Promise<CommandResult> {
  const { deploy, noCheck } = context.options;
  if (!deploy || serving === undefined) {
    const inUse = serving?.revision?.secretVersions[set.name] === set.version;
    const next = inUse ? 'It is in use.' : 'To take it into use: mlflow-gcp deploy';
    return {
      data: { ...set, deployed: false, inUse },
      show: [{ kind: 'text', text: `${set.name} is at version ${set.version}. ${next}` }],
    };
  }
  const { deployed } = await takeIntoUse(context, google, deployment, { [set.name]: set.version }, { check: !noCheck });
  return {
    data: { ...set, deployed, inUse: true },
    show: [{ kind: 'text', text: `${set.name} is at version ${set.version}, and the server uses it.` }],
  };
}

function noSecret({ project, name }: Deployment, secretId: string): UserError {
  return new UserError({
    code: 'SECRETS_MISSING',
    message: `Project ${project} has no secret ${secretId}: deployment ${name} is not there, or not finished.`,
    hint: `Make it, or finish it, with: mlflow-gcp init --project ${project} --name ${name}`,
  });
}

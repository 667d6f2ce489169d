import type { Google } from '../../gcp/google.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { missingPermissions } from '../../stack/preflight/check-command.ts';
import { needsOfRotation } from '../../stack/preflight/command-needs.ts';
import { beginRotation, finishRotation, ROTATED_KEYS, type RotatedKey, type Rotation } from '../../stack/rotate.ts';
import { refuseRolledBack } from '../../stack/serving.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { refuseOrWarn } from '../refuse-or-warn.ts';
import type { rotateOptions } from '../secrets.ts';
import { type OpenSecrets, withSecrets } from './open-secrets.ts';
import { secretKeyOf } from './secret-key.ts';
import { takeIntoUse } from './take-into-use.ts';

type RotateContext = Context<typeof rotateOptions>;

/** New versions, a revision that uses them, and then the end of the old ones. */
export function run(context: RotateContext): Promise<CommandResult> {
  const { ui, settings, args } = context;
  const keys = args[0] === undefined ? [...ROTATED_KEYS] : [secretKeyOf(args[0], settings.name.value, ROTATED_KEYS)];
  return withSecrets(context, async (open) => {
    const { google, deployment, serving } = open;
    refuseRolledBack(serving);
    const needs = needsOfRotation(deployment, keys, { deployed: serving !== undefined });
    const missing = await missingPermissions(google, deployment.project, needs);
    refuseOrWarn(context, missing === undefined ? [] : [missing]);
    const names = keys.map((key) => deployment.secrets[key]);
    if (settings.dryRun) {
      const text = `Would make a new version of ${names.join(' and ')}, ${serving === undefined ? '' : 'deploy a revision that uses it, '}and disable the versions before.`;
      return { data: { dryRun: true, secrets: names }, show: [{ kind: 'text', text }] };
    }
    if (keys.includes('tracking_password') && serving !== undefined) {
      const message = 'Clients will be refused until they have the new password (mlflow-gcp connect prints it). Go on?';
      await ui.ask.agree({ flag: '--yes', message });
    }
    return rotate(context, open, keys);
  });
}

async function rotate(
  context: RotateContext,
  { google, deployment, serving }: OpenSecrets,
  keys: RotatedKey[],
): Promise<CommandResult> {
  const { ui, options } = context;
  const rotations: Rotation[] = [];
  for (const key of keys) {
    rotations.push(
      await ui.step(
        `New version of ${deployment.secrets[key]}`,
        () => beginRotation(google, deployment, key, { serving, resumed: rotations.filter(({ resumed }) => resumed) }),
        { outcome: ({ version, resumed }) => `version ${version}${resumed ? ', made before' : ''}` },
      ),
    );
  }
  const pins = Object.fromEntries(rotations.map(({ secretId, version }) => [secretId, version]));
  if (serving !== undefined) {
    await takeIntoUse(context, google, deployment, pins, { check: !options.noCheck });
    await letFinish(context, google, keys);
  }
  const rotated = await ui.step('Disable the old versions', () => finishAll(google, deployment, rotations));
  const lines = rotated.map(({ name, version }) => `${name} is at version ${version}.`);
  const next = keys.includes('tracking_password') ? ['Clients get the new password with: mlflow-gcp connect'] : [];
  return {
    data: { project: deployment.project, name: deployment.name, deployed: serving !== undefined, secrets: rotated },
    show: [{ kind: 'text', text: [...lines, ...next].join('\n') }],
  };
}

/** Requests that the old revision still answers may open a connection: its user's password ends a little later. */
async function letFinish({ ui, options }: RotateContext, google: Google, keys: RotatedKey[]): Promise<void> {
  if (!keys.includes('database_url') || options.grace === 0) return;
  await ui.step('Let the old revision finish', () => google.clock.sleep(options.grace * 1000, google.signal), {
    usualSeconds: options.grace,
  });
}

async function finishAll(google: Google, deployment: Deployment, rotations: Rotation[]) {
  const rotated = [];
  for (const rotation of rotations.toReversed()) {
    const disabled = await finishRotation(google, deployment, rotation);
    const { secretId: name, version, resumed } = rotation;
    rotated.unshift({ name, version, resumed, disabled });
  }
  return rotated;
}

import path from 'node:path';
import type { DeploymentChoices } from '../project/config-schema.ts';
import { defaultKeyFile } from '../project/key-file.ts';
import type { StackContext } from '../stack/resource.ts';
import type { Context } from './command.ts';

/** Where the key of a deployment's server account is kept on this machine, whether it has one or not. */
export function keyPlace(
  { settings, deps }: Pick<Context, 'settings' | 'deps'>,
  deployment: Pick<DeploymentChoices, 'credentials' | 'project' | 'name'>,
  renew = false,
): NonNullable<StackContext['key']> {
  const { keyFile } = deployment.credentials;
  const file = keyFile === undefined ? defaultKeyFile(deps.env, deployment) : path.resolve(settings.dir.value, keyFile);
  return { file, renew };
}

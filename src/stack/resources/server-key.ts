import { BugError, UserError } from '../../errors.ts';
import { deleteKey } from '../../gcp/service-account-keys.ts';
import { readKeyFile, removeKeyFile } from '../../project/key-file.ts';
import { endJournal } from '../../project/key-journal.ts';
import type { Deployment } from '../deployment.ts';
import { ensureKey, type KeyState, readKeyState } from '../make-key.ts';
import type { Observation, Removal, Resource, StackContext } from '../resource.ts';

const USUAL_KEY_SECONDS = 3;

/** A key of the server's account in a file on this machine, for what can do neither impersonation nor federation. */
export function serverKeyResource(deployment: Deployment): Resource {
  const args = { project: deployment.project, email: deployment.serverAccount };
  return {
    ...parts(deployment),
    async observe(context) {
      const { file, renew } = placeOf(context);
      return observationOf(await readKeyState(context.google, args, file), file, renew);
    },
    async ensure(context) {
      const { file, renew } = placeOf(context);
      const before = (await readKeyFile(file)) !== undefined;
      if (!(await ensureKey(context.google, args, { file, renew }))) return 'unchanged';
      return before ? 'updated' : 'created';
    },
  };
}

/** The same where a key was kept until now and none is wanted any more. */
export function withdrawnKeyResource(deployment: Deployment): Resource {
  const all = parts(deployment);
  return {
    ...all,
    async observe(context) {
      const found = await ownKey(deployment, context);
      const differences = found === undefined ? [] : [`delete key ${found.id} and ${placeOf(context).file}`];
      return { action: found === undefined ? 'unchanged' : 'update', differences };
    },
    async ensure(context) {
      return (await takeAway(deployment, context)) === 'deleted' ? 'updated' : 'unchanged';
    },
  };
}

/** The same for taking it down where nobody knows whether there is one: it is there where its file is. */
export function forgottenKeyResource(deployment: Deployment): Resource {
  return {
    ...withdrawnKeyResource(deployment),
    async observe(context) {
      const found = await ownKey(deployment, context);
      return { action: found === undefined ? 'create' : 'unchanged', differences: [] };
    },
  };
}

function parts(deployment: Deployment) {
  const { serverAccount } = deployment;
  return {
    id: 'server-key',
    title: `Key of service account ${serverAccount.split('@')[0]}`,
    dependsOn: ['server-account'],
    usualSeconds: USUAL_KEY_SECONDS,
    remove: (context: StackContext): Promise<Removal> => takeAway(deployment, context),
  };
}

/** Deletes the key, and its file. */
async function takeAway(deployment: Deployment, context: StackContext): Promise<Removal> {
  const { project, serverAccount } = deployment;
  const found = await ownKey(deployment, context);
  if (found === undefined) return 'absent';
  const { file } = placeOf(context);
  await deleteKey(context.google, { project, email: serverAccount, id: found.id });
  await removeKeyFile(file);
  await endJournal(file);
  return 'deleted';
}

/** The key in the file, where it is one of the deployment's. */
async function ownKey({ serverAccount }: Deployment, { key }: StackContext): Promise<{ id: string } | undefined> {
  try {
    const found = key === undefined ? undefined : await readKeyFile(key.file);
    return found?.email === serverAccount ? found : undefined;
  } catch (error) {
    if (error instanceof UserError && error.code === 'KEY_FILE_TAKEN') return undefined;
    throw error;
  }
}

function observationOf({ kind, id, keys, disabled }: KeyState, file: string, renew: boolean): Observation {
  const others = keys.map((key) => key.id).join(', ');
  if (kind === 'none') return { action: 'create', differences: [], note: `into ${file}` };
  if (kind === 'unfinished') return { action: 'update', differences: [`finish the key ${file}, which a run began`] };
  if (kind === 'gone') return { action: 'update', differences: [`key ${id} of ${file} is deleted: a new one takes its place`] };
  if (renew) return { action: 'update', differences: [`a new key into ${file}, and key ${id ?? others} is deleted`] };
  if (kind === 'works') return { action: 'unchanged', differences: [], note: `${id} in ${file}${disabled ? ', disabled' : ''}` };
  return {
    action: 'unchanged',
    differences: [],
    note: `${others} was made before, and its file is not at ${file}: name it with --key-file, or have a new one made with --new-key`,
  };
}

function placeOf({ key }: StackContext): { file: string; renew: boolean } {
  if (key === undefined) throw new BugError('the stack has a key, and nobody said where it is kept');
  return key;
}

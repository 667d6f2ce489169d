import { failureOf, isAlreadyExists, isNotFound } from './errors.ts';
import type { Google } from './google.ts';
import { type LongOperation, pollOperation } from './operations.ts';
import { isTransient, poll } from './retry.ts';

/** A workload identity pool: whoever from outside of Google Cloud may be named in policies. */
export interface IdentityPool {
  displayName: string;
  description: string;
  disabled: boolean;
  /** Gone for its users; its id stays taken for 30 days, in which it can be brought back. */
  deleted: boolean;
}

/** A provider of a pool: whose tokens are taken, under which condition, and what is read from them. */
export interface IdentityProvider extends IdentityPool {
  issuerUri: string;
  /** Empty: the provider's own name. */
  allowedAudiences: string[];
  /** Keys to check tokens by in place of the issuer's own. Empty: the issuer's. */
  jwksJson: string;
  attributeMapping: Record<string, string>;
  attributeCondition: string;
}

export interface PoolArgs {
  project: string;
  pool: string;
}
export interface ProviderArgs extends PoolArgs {
  provider: string;
}
export type PoolSettings = Pick<IdentityPool, 'displayName' | 'description'>;
export type ProviderSettings = PoolSettings & Pick<IdentityProvider, 'issuerUri' | 'attributeMapping' | 'attributeCondition'>;

const HOST = 'https://iam.googleapis.com/v1';
const LONGEST_MS = 120_000;

/** The pool's name as policies and tokens carry it. `project` is the project's number there. */
export function poolName({ project, pool }: PoolArgs): string {
  return `projects/${project}/locations/global/workloadIdentityPools/${pool}`;
}

/** As {@link poolName}, of a provider. */
export function providerName(args: ProviderArgs): string {
  return `${poolName(args)}/providers/${args.provider}`;
}

/** The pool, deleted or not; undefined where there never was one, or not for 30 days. https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/get */
export async function getPool(google: Google, args: PoolArgs): Promise<IdentityPool | undefined> {
  const found = await read<WirePool>(google, poolName(args));
  return found && poolOf(found);
}

/** As {@link getPool}, of a provider. */
export async function getProvider(google: Google, args: ProviderArgs): Promise<IdentityProvider | undefined> {
  const found = await read<WireProvider>(google, providerName(args));
  return found && providerOf(found);
}

/**
 * Makes the pool if it is missing, brings it back if it was deleted, and returns it as it is then. `check` sees one that is there
 * before it is touched, and throws where it must not be. https://docs.cloud.google.com/iam/docs/manage-workload-identity-pools-providers
 */
export async function bringPool(
  google: Google,
  args: PoolArgs & { settings: PoolSettings; check(found: IdentityPool): void },
): Promise<{ value: IdentityPool; made: boolean }> {
  const name = poolName(args);
  return bring(google, {
    name,
    check: args.check,
    get: () => getPool(google, args),
    create: { url: `${HOST}/${parentOf(name)}`, params: { workloadIdentityPoolId: args.pool }, body: args.settings },
  });
}

/** As {@link bringPool}, of a provider of OpenID Connect tokens. */
export async function bringProvider(
  google: Google,
  args: ProviderArgs & { settings: ProviderSettings; check(found: IdentityProvider): void },
): Promise<{ value: IdentityProvider; made: boolean }> {
  const name = providerName(args);
  return bring(google, {
    name,
    check: args.check,
    get: () => getProvider(google, args),
    create: {
      url: `${HOST}/${parentOf(name)}`,
      params: { workloadIdentityPoolProviderId: args.provider },
      body: wireOf(args.settings),
    },
  });
}

/** Sets a pool's texts, and enables it. */
export async function patchPool(google: Google, args: PoolArgs & { settings: PoolSettings }): Promise<void> {
  const body = { ...args.settings, disabled: false };
  await change(google, 'PATCH', poolName(args), { body, params: { updateMask: Object.keys(body).join(',') } });
}

/** Sets all of a provider, and enables it: other audiences and keys of its own go. */
export async function patchProvider(google: Google, args: ProviderArgs & { settings: ProviderSettings }): Promise<void> {
  const body = { ...wireOf(args.settings), disabled: false };
  await change(google, 'PATCH', providerName(args), { body, params: { updateMask: Object.keys(body).join(',') } });
}

/** Deletes a pool or, by its name, a provider; one that is not there is fine. */
export async function deleteIdentity(google: Google, name: string): Promise<void> {
  try {
    await change(google, 'DELETE', name, {});
  } catch (error) {
    // Another run, or an answer that was lost, was faster.
    if (!isNotFound(error) && !isDoneAlready(error)) throw error;
  }
}

/** What was to be deleted is, or what was to be brought back is there. An organisation's policy refuses with the same status, and says which. */
function isDoneAlready(error: unknown): boolean {
  const failure = failureOf(error);
  return (
    failure?.rpcStatus === 'FAILED_PRECONDITION' &&
    failure.violations.length === 0 &&
    !failure.reasons.some((reason) => reason.includes('POLICY'))
  );
}

interface WirePool {
  displayName?: string;
  description?: string;
  disabled?: boolean;
  state?: string;
}
interface WireProvider extends WirePool {
  attributeMapping?: Record<string, string>;
  attributeCondition?: string;
  oidc?: { issuerUri?: string; allowedAudiences?: string[]; jwksJson?: string };
}

function poolOf({ displayName = '', description = '', disabled = false, state }: WirePool): IdentityPool {
  return { displayName, description, disabled, deleted: state === 'DELETED' };
}

function providerOf(wire: WireProvider): IdentityProvider {
  const { attributeMapping = {}, attributeCondition = '', oidc = {} } = wire;
  const { issuerUri = '', allowedAudiences = [], jwksJson = '' } = oidc;
  return { ...poolOf(wire), attributeMapping, attributeCondition, issuerUri, allowedAudiences, jwksJson };
}

function wireOf({ issuerUri, ...rest }: ProviderSettings): object {
  return { ...rest, oidc: { issuerUri } };
}

async function read<T>(google: Google, name: string): Promise<T | undefined> {
  try {
    return (await google.request<T>({ method: 'GET', url: `${HOST}/${name}` })).data;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Looks, does what is missing, and looks again, until it is there: a call whose answer was lost, and another run that was faster, show in
 * the next look. One that is being made is not to be seen, and its id is taken already.
 */
async function bring<T extends IdentityPool>(
  google: Google,
  parts: {
    name: string;
    check(found: T): void;
    get(): Promise<T | undefined>;
    create: { url: string; params: Record<string, string>; body: object };
  },
): Promise<{ value: T; made: boolean }> {
  let made = false;
  const doing = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      made = true;
    } catch (error) {
      made ||= isTransient(error);
      if (!isAlreadyExists(error) && !isDoneAlready(error)) throw error;
    }
  };
  const attempt = async (): Promise<T | undefined> => {
    const found = await parts.get();
    if (found !== undefined) parts.check(found);
    if (found?.deleted === false) return found;
    const { url, ...create } = parts.create;
    if (found === undefined) await doing(() => change(google, 'POST', parts.name, { ...create, url }));
    else await doing(() => change(google, 'POST', parts.name, { url: `${HOST}/${parts.name}:undelete`, body: {} }));
    return undefined;
  };
  const value = await poll(google, { what: `${parts.name} to be there`, timeoutMs: LONGEST_MS, attempt });
  return { value, made };
}

/** One call that answers with a long operation, to the end of it. */
async function change(
  google: Google,
  method: 'POST' | 'PATCH' | 'DELETE',
  name: string,
  { url = `${HOST}/${name}`, params, body }: { url?: string; params?: Record<string, string>; body?: object },
): Promise<void> {
  const { data } = await google.request<LongOperation>({ method, url, ...(params && { params }), ...(body && { body }) });
  await pollOperation(google, {
    what: `the change of ${name}`,
    started: data,
    read: async (operation) => (await google.request<LongOperation>({ method: 'GET', url: `${HOST}/${operation}` })).data,
  });
}

function parentOf(name: string): string {
  return name.split('/').slice(0, -1).join('/');
}

import { USUAL_SECONDS } from '../../durations.ts';
import { isPermissionDenied } from '../../gcp/errors.ts';
import {
  bringPool,
  bringProvider,
  deleteIdentity,
  getPool,
  getProvider,
  type IdentityPool,
  type IdentityProvider,
  type PoolSettings,
  type ProviderSettings,
  patchPool,
  patchProvider,
  poolName,
  providerName,
} from '../../gcp/workload-identity.ts';
import type { Deployment } from '../deployment.ts';
import { poolPlace, wantedProvider } from '../github-trust.ts';
import { assertOursByDescription, ownDescription } from '../ownership.ts';
import type { Observation, Removal, Resource } from '../resource.ts';

const USUAL = USUAL_SECONDS['iam.workloadIdentityPools'];

/** How the pool is made. Pools can have no labels, so the description says whose it is. */
export function wantedPool(deployment: Deployment): PoolSettings {
  return { displayName: `MLflow ${deployment.name}`, description: ownDescription(deployment) };
}

/** The pool of those who deploy from outside of Google Cloud. One that was deleted in the last 30 days is brought back. */
export function identityPoolResource(deployment: Deployment): Resource {
  const args = poolPlace(deployment);
  const title = `Workload identity pool ${args.pool}`;
  const check = (found: IdentityPool): void => assertOursByDescription(title, found.description, deployment);
  const settings = wantedPool(deployment);
  return {
    id: 'identity-pool',
    title,
    dependsOn: ['services'],
    usualSeconds: USUAL,
    async observe({ google }) {
      const found = await getPool(google, args);
      if (found !== undefined) check(found);
      return observationOf(found, (there) => poolDifferences(there, settings));
    },
    async ensure({ google }) {
      const { value, made } = await bringPool(google, { ...args, settings, check });
      const differs = poolDifferences(value, settings).length > 0;
      if (differs) await patchPool(google, { ...args, settings });
      return made ? 'created' : differs ? 'updated' : 'unchanged';
    },
    async remove({ google }) {
      return removed(deployment, async () => {
        const found = await getPool(google, args);
        if (found === undefined || found.deleted) return 'absent';
        check(found);
        await deleteIdentity(google, poolName(args));
        return 'deleted';
      });
    },
  };
}

/** GitHub as a provider of the pool: its workflows' tokens are taken where repository and branch are the right ones. */
export function identityProviderResource(deployment: Deployment): Resource {
  const args = { ...poolPlace(deployment), provider: deployment.identityProvider };
  const title = `Workload identity provider ${args.provider}`;
  const check = (found: IdentityProvider): void => assertOursByDescription(title, found.description, deployment);
  return {
    id: 'identity-provider',
    title,
    dependsOn: ['identity-pool'],
    usualSeconds: USUAL,
    async observe({ google }) {
      const found = await getProvider(google, args);
      if (found !== undefined) check(found);
      // Where no repository is named any more, it is only looked whether it is there.
      const isNamed = deployment.ci.github !== undefined;
      return observationOf(found, (there) => (isNamed ? providerDifferences(there, wantedProvider(deployment)) : []));
    },
    async ensure({ google }) {
      const settings = wantedProvider(deployment);
      const { value, made } = await bringProvider(google, { ...args, settings, check });
      const differs = providerDifferences(value, settings).length > 0;
      if (differs) await patchProvider(google, { ...args, settings });
      return made ? 'created' : differs ? 'updated' : 'unchanged';
    },
    async remove({ google }) {
      return removed(deployment, async () => {
        const found = await getProvider(google, args);
        if (found === undefined || found.deleted) return 'absent';
        check(found);
        await deleteIdentity(google, providerName(args));
        return 'deleted';
      });
    },
  };
}

function observationOf<T extends IdentityPool>(found: T | undefined, differences: (found: T) => string[]): Observation {
  if (found === undefined) return { action: 'create', differences: [] };
  if (found.deleted) return { action: 'create', differences: ['bring back: it was deleted less than 30 days ago'] };
  const lines = differences(found);
  return { action: lines.length > 0 ? 'update' : 'unchanged', differences: lines };
}

function poolDifferences(found: IdentityPool, wanted: PoolSettings): string[] {
  return [
    ...(found.displayName === wanted.displayName ? [] : [`display name: ${found.displayName} → ${wanted.displayName}`]),
    ...(found.disabled ? ['disabled: true → false'] : []),
  ];
}

/** All of it decides who gets in, so all of it is ours: other audiences and keys, which somebody may have added, go. */
function providerDifferences(found: IdentityProvider, wanted: ProviderSettings): string[] {
  const mapping = (attributes: Record<string, string>): string =>
    Object.entries(attributes)
      .map(([target, source]) => `${target}=${source}`)
      .sort()
      .join(', ');
  const lines: Array<[what: string, is: string, should: string]> = [
    ['issuer', found.issuerUri, wanted.issuerUri],
    ['condition', found.attributeCondition, wanted.attributeCondition],
    ['mapping', mapping(found.attributeMapping), mapping(wanted.attributeMapping)],
    ['audiences', found.allowedAudiences.join(', ') || 'the usual one', 'the usual one'],
    ['keys', found.jwksJson === '' ? 'of the issuer' : 'uploaded', 'of the issuer'],
  ];
  return [
    ...poolDifferences(found, wanted),
    ...lines.filter(([, is, should]) => is !== should).map(([what, is, should]) => `${what}: ${is} → ${should}`),
  ];
}

/** Whoever may not look at pools cannot have made one; where the deployment says that there is one, it has to be told. */
async function removed({ ci }: Deployment, work: () => Promise<Removal>): Promise<Removal> {
  try {
    return await work();
  } catch (error) {
    if (ci.github === undefined && isPermissionDenied(error)) return 'absent';
    throw error;
  }
}

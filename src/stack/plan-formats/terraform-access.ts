import { accountAccess } from '../account-access.ts';
import type { Deployment } from '../deployment.ts';
import { wantedProvider } from '../github-trust.ts';
import { wantedPool } from '../resources/workload-identity.ts';
import type { Blueprint } from './blueprint.ts';
import type { HclBlock } from './hcl.ts';
import type { PlanDocument } from './plan-document.ts';
import { accountLabel, memberBlocks, reference, resourceBlocks, SERVICES } from './terraform-parts.ts';

const POOL = 'google_iam_workload_identity_pool.github';

/**
 * What gives others the rights of the deployment's accounts. A key is left to `init`: Terraform would keep it in its state.
 * https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/iam_workload_identity_pool_provider
 */
export function accessBlocks({ deployment }: PlanDocument, blueprint: Blueprint): HclBlock[] {
  const roles = accountAccess(deployment).flatMap(({ account, grants }) => {
    const label = accountLabel(account.id);
    const own = reference(blueprint, account.id, `google_service_account.${label}`);
    return memberBlocks(blueprint, grants, {
      type: 'google_service_account_iam_member',
      label,
      values: {
        service_account_id: { raw: `${own}.name` },
        ...(account.id === 'deploy-account' && { depends_on: [{ raw: PROVIDER }] }),
      },
    });
  });
  return [...(deployment.ci.github === undefined ? [] : federationBlocks(deployment, blueprint)), ...roles];
}

const PROVIDER = 'google_iam_workload_identity_pool_provider.github';

function federationBlocks(deployment: Deployment, blueprint: Blueprint): HclBlock[] {
  const { project, identityPool, identityProvider } = deployment;
  const pool = wantedPool(deployment);
  const { displayName, description, issuerUri, attributeMapping, attributeCondition } = wantedProvider(deployment);
  const address = `projects/${project}/locations/global/workloadIdentityPools/${identityPool}`;
  return [
    ...broughtBack(blueprint, 'identity-pool', deployment, `undelete ${identityPool}`),
    ...resourceBlocks(blueprint, 'identity-pool', {
      own: POOL,
      address,
      known: { workload_identity_pool_id: identityPool },
      block: {
        kind: 'resource',
        labels: POOL.split('.'),
        values: {
          workload_identity_pool_id: identityPool,
          display_name: pool.displayName,
          description: pool.description,
          depends_on: SERVICES,
        },
      },
    }),
    ...broughtBack(
      blueprint,
      'identity-provider',
      deployment,
      `providers undelete ${identityProvider} --workload-identity-pool=${identityPool}`,
    ),
    ...resourceBlocks(blueprint, 'identity-provider', {
      own: PROVIDER,
      address: `${address}/providers/${identityProvider}`,
      known: { workload_identity_pool_id: identityPool, workload_identity_pool_provider_id: identityProvider },
      block: {
        kind: 'resource',
        labels: PROVIDER.split('.'),
        values: {
          workload_identity_pool_id: { raw: `${POOL}.workload_identity_pool_id` },
          workload_identity_pool_provider_id: identityProvider,
          display_name: displayName,
          description,
          attribute_mapping: { map: attributeMapping },
          attribute_condition: attributeCondition,
        },
        blocks: [{ kind: 'oidc', values: { issuer_uri: issuerUri } }],
      },
    }),
  ];
}

/** Terraform cannot bring back what was deleted less than 30 days ago, and its name is taken: gcloud can, and then it is imported. */
function broughtBack(blueprint: Blueprint, id: string, { project, identityPool }: Deployment, words: string): HclBlock[] {
  if (blueprint.action(id) !== 'create' || blueprint.differences(id).length === 0) return [];
  const pool = `projects/${project}/locations/global/workloadIdentityPools/${identityPool}`;
  const [to, address] = id === 'identity-pool' ? [POOL, pool] : [PROVIDER, `${pool}/providers/github`];
  const comment = `It was deleted less than 30 days ago. First: gcloud iam workload-identity-pools ${words} --location=global --project=${project}`;
  return [{ comment, kind: 'import', values: { to: { raw: to }, id: address } }];
}

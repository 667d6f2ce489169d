import { projectGrants } from '../resources/project-roles.ts';
import { wantedRepository } from '../resources/repository.ts';
import type { Blueprint, BlueprintBucket } from './blueprint.ts';
import type { HclBlock } from './hcl.ts';
import type { PlanDocument } from './plan-document.ts';
import { accountLabel, memberBlocks, reference, resourceBlocks, SERVICES } from './terraform-parts.ts';

export function accountBlocks({ deployment }: PlanDocument, blueprint: Blueprint): HclBlock[] {
  const { project } = deployment;
  const accounts = blueprint.accounts.flatMap(({ id, accountId, email, displayName, description }): HclBlock[] =>
    resourceBlocks(blueprint, id, {
      own: `google_service_account.${accountLabel(id)}`,
      address: `projects/${project}/serviceAccounts/${email}`,
      known: { account_id: email },
      block: {
        kind: 'resource',
        labels: ['google_service_account', accountLabel(id)],
        values: { account_id: accountId, display_name: displayName, description, depends_on: SERVICES },
      },
    }),
  );
  const place = { type: 'google_project_iam_member', label: 'project', values: { project } };
  return [...accounts, ...memberBlocks(blueprint, projectGrants(deployment), place)];
}

export function repositoryBlocks({ deployment }: PlanDocument, blueprint: Blueprint): HclBlock[] {
  const { project, region, repository } = deployment;
  const { description, labels, grants } = wantedRepository(deployment);
  const own = 'google_artifact_registry_repository.images';
  return [
    ...resourceBlocks(blueprint, 'repository', {
      own,
      address: `projects/${project}/locations/${region}/repositories/${repository}`,
      known: { repository_id: repository, location: region },
      block: {
        kind: 'resource',
        labels: own.split('.'),
        values: {
          repository_id: repository,
          location: region,
          format: 'DOCKER',
          description,
          labels: { map: labels },
          depends_on: SERVICES,
        },
      },
    }),
    ...memberBlocks(blueprint, grants, {
      type: 'google_artifact_registry_repository_iam_member',
      label: 'images',
      values: { location: region, repository: { raw: `${reference(blueprint, 'repository', own)}.name` } },
    }),
  ];
}

export function bucketBlocks({ deployment }: PlanDocument, blueprint: Blueprint): HclBlock[] {
  return blueprint.buckets.flatMap((bucket) => {
    const label = bucket.id === 'artifact-bucket' ? 'artifacts' : 'builds';
    const own = `google_storage_bucket.${label}`;
    return [
      ...resourceBlocks(blueprint, bucket.id, {
        own,
        address: bucket.name,
        known: { name: bucket.name },
        block: bucketBlock(bucket, label, blueprint, deployment.region),
      }),
      ...memberBlocks(blueprint, bucket.grants, {
        type: 'google_storage_bucket_iam_member',
        label,
        values: { bucket: { raw: `${reference(blueprint, bucket.id, own)}.name` } },
      }),
    ];
  });
}

function bucketBlock({ name, settings }: BlueprintBucket, label: string, { labels }: Blueprint, region: string): HclBlock {
  const access = settings.iamConfiguration;
  const rules = (settings.lifecycle?.rule ?? []) as Array<{ action: { type: string }; condition: { age: number } }>;
  return {
    kind: 'resource',
    labels: ['google_storage_bucket', label],
    values: {
      name,
      location: region.toUpperCase(),
      uniform_bucket_level_access: access?.uniformBucketLevelAccess?.enabled ?? false,
      public_access_prevention: access?.publicAccessPrevention,
      labels: { map: labels },
      depends_on: SERVICES,
    },
    blocks: [
      {
        kind: 'soft_delete_policy',
        values: { retention_duration_seconds: Number(settings.softDeletePolicy?.retentionDurationSeconds ?? 0) },
      },
      ...rules.map(
        ({ action, condition }): HclBlock => ({
          kind: 'lifecycle_rule',
          blocks: [
            { kind: 'action', values: { type: action.type } },
            { kind: 'condition', values: { age: condition.age } },
          ],
        }),
      ),
    ],
  };
}

import { AccessError } from '../../errors.ts';
import { isPermissionDenied } from '../../gcp/errors.ts';
import type { Google } from '../../gcp/google.ts';
import { ensureGrants, type Grant, revokeGrants } from '../../gcp/iam-policy.ts';
import { deploymentLabels } from '../../gcp/labels.ts';
import {
  type Bucket,
  type BucketChange,
  bucketPolicy,
  createBucket,
  deleteBucket,
  getBucket,
  patchBucket,
} from '../../gcp/storage.ts';
import { accountGrant, deployerGrants, deployerIds, missingGrants } from '../access.ts';
import type { Deployment } from '../deployment.ts';
import { givenAway } from '../given-away.ts';
import { assertOurs, labelDifferences, type Ownership, ownershipOf } from '../ownership.ts';
import type { Resource } from '../resource.ts';

const DAY_SECONDS = 24 * 60 * 60;
const USUAL_BUCKET_SECONDS = 2;
const BUILD_SOURCE_DAYS = 7;

/** What makes one of the deployment's buckets. */
export interface BucketRole {
  id: 'artifact-bucket' | 'build-bucket';
  bucket: string;
  /** The service account that reads and writes its objects, and the id of its resource. */
  account: string;
  accountId: 'server-account' | 'build-account';
  holdsData: boolean;
  /** Who else may, with the ids of what they wait for. */
  others: { grants: Grant[]; ids: string[] };
  settings: BucketChange;
  /** A bucket that the user named may be one that exists already; one that we named is ours or nobody's. */
  adopt: boolean;
}

/** MLflow's artifacts. Deleted objects can be brought back for seven days, which is Google's own default made visible. */
export function wantedArtifactBucket(deployment: Deployment): BucketRole {
  return {
    id: 'artifact-bucket',
    bucket: deployment.artifactBucket,
    account: deployment.serverAccount,
    accountId: 'server-account',
    holdsData: true,
    others: { grants: [], ids: [] },
    adopt: deployment.artifacts.bucket !== undefined,
    settings: { ...PRIVATE, softDeletePolicy: { retentionDurationSeconds: String(7 * DAY_SECONDS) } },
  };
}

/**
 * Sources and logs of builds, gone after a week. Made by us because the default one is in the US, is shared by all of the project's
 * builds and has no uniform access, which new organisations forbid.
 */
export function wantedBuildBucket(deployment: Deployment): BucketRole {
  return {
    id: 'build-bucket',
    bucket: deployment.buildBucket,
    account: deployment.buildAccount,
    accountId: 'build-account',
    holdsData: false,
    // A CI service uploads the sources and reads the logs.
    others: { grants: deployerGrants(deployment, 'roles/storage.objectUser'), ids: deployerIds(deployment) },
    adopt: false,
    settings: {
      ...PRIVATE,
      softDeletePolicy: { retentionDurationSeconds: '0' },
      lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: BUILD_SOURCE_DAYS } }] },
    },
  };
}

/** objectUser can read, write and delete objects, multipart uploads among them, and nothing of the bucket itself. */
export function bucketGrants({ account, others }: BucketRole): Grant[] {
  return [accountGrant('roles/storage.objectUser', account), ...others.grants];
}

const PRIVATE: BucketChange = {
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
};

/** A private bucket in the region of the deployment. */
export function bucketResource(deployment: Deployment, role: BucketRole): Resource {
  const { bucket } = role;
  const title = `Bucket ${bucket}`;
  const grants = bucketGrants(role);
  const body = { name: bucket, location: deployment.region, labels: deploymentLabels(deployment.name), ...role.settings };
  const whose = (found: Bucket): Ownership => {
    if (role.id === 'build-bucket') assertOurs(title, found.labels, deployment);
    return ownershipOf(title, found.labels, deployment, { flag: `--bucket ${bucket}`, named: role.adopt });
  };
  return {
    id: role.id,
    title,
    dependsOn: ['services', role.accountId, ...role.others.ids],
    usualSeconds: USUAL_BUCKET_SECONDS,
    ...(role.holdsData && { holdsData: true }),
    async observe({ google }) {
      const found = await readBucket(google, bucket);
      if (found === undefined) return { action: 'create', differences: [] };
      const ownership = whose(found);
      const missing = await missingGrants(bucketPolicy(google, { bucket }), grants);
      if (ownership === 'adopted') return { action: 'adopt', differences: missing };
      const differences = [
        ...compareSettings(found, role.settings).differences,
        ...labelDifferences(found.labels, deployment),
        ...missing,
      ];
      return { action: differences.length > 0 ? 'update' : 'unchanged', differences };
    },
    async ensure({ google }) {
      const { value, created } = await createBucket(google, { project: deployment.project, body });
      const ours = whose(value) === 'ours';
      const { differences, change } = compareSettings(value, role.settings);
      const relabel = labelDifferences(value.labels, deployment).length > 0;
      const differs = ours && (relabel || differences.length > 0);
      if (differs) await patchBucket(google, { bucket, change: { ...change, ...(relabel && { labels: body.labels }) } });
      const granted = await ensureGrants(google, bucketPolicy(google, { bucket }), grants);
      if (created) return 'created';
      return differs || granted ? 'updated' : 'unchanged';
    },
    async remove({ google }, progress) {
      const found = await readBucket(google, bucket);
      if (found === undefined) return 'absent';
      if (whose(found) === 'adopted') {
        await revokeGrants(google, bucketPolicy(google, { bucket }), await givenAway(google, deployment, grants));
        return 'kept';
      }
      await deleteBucket(google, { bucket, withObjects: true, onObjects: (count) => progress(`${count} objects deleted`) });
      return 'deleted';
    },
  };
}

/** Bucket names are one namespace for the world, so a name that we may not look at is somebody else's. */
async function readBucket(google: Google, bucket: string): Promise<Bucket | undefined> {
  try {
    return await getBucket(google, { bucket });
  } catch (cause) {
    if (!isPermissionDenied(cause)) throw cause;
    throw new AccessError({
      code: 'BUCKET_NOT_VISIBLE',
      message: `Bucket ${bucket} exists, but you may not look at it: it is in another project, or you lack storage.buckets.get.`,
      hint: 'Choose another bucket name with --bucket, or ask for roles/storage.admin on the project.',
      cause,
    });
  }
}

/** What of a bucket's settings is not as wanted, and the change that mends it: only what differs, so that what others set stays. */
function compareSettings(found: Bucket, wanted: BucketChange): { differences: string[]; change: BucketChange } {
  const access = found.iamConfiguration;
  const { softDeletePolicy, lifecycle } = wanted;
  const retention = [found, wanted].map((bucket) => bucket.softDeletePolicy?.retentionDurationSeconds ?? '0');
  const lines: Array<[what: string, is: unknown, should: unknown, change: BucketChange]> = [
    ['uniform access', access?.uniformBucketLevelAccess?.enabled === true, true, PRIVATE],
    ['public access prevention', access?.publicAccessPrevention, 'enforced', PRIVATE],
    ['soft delete, seconds', retention[0], retention[1], softDeletePolicy ? { softDeletePolicy } : {}],
  ];
  // A lifecycle that somebody put on the artifact bucket is theirs to keep, and further rules on the other one too.
  if (lifecycle !== undefined) lines.push(['lifecycle', (found.lifecycle?.rule?.length ?? 0) > 0, true, { lifecycle }]);
  const differing = lines.filter(([, is, should]) => is !== should);
  return {
    differences: differing.map(([what, is, should]) => `${what}: ${String(is)} → ${String(should)}`),
    change: Object.assign({}, ...differing.map(([, , , change]) => change)),
  };
}

import type { Grant } from '../../gcp/iam-policy.ts';
import { deploymentLabels, type Labels } from '../../gcp/labels.ts';
import type { BucketChange } from '../../gcp/storage.ts';
import { secretGrants } from '../access.ts';
import { type Deployment, SECRET_KEYS, type SecretKey } from '../deployment.ts';
import { ownDescription } from '../ownership.ts';
import type { Observation } from '../resource.ts';
import { type BucketRole, bucketGrants, wantedArtifactBucket, wantedBuildBucket } from '../resources/bucket.ts';
import { secretResourceId } from '../resources/secret.ts';
import { type AccountRole, ownAccounts } from '../resources/service-account.ts';
import { databaseUrl, secretValue } from '../secret-values.ts';
import type { PlanDocument } from './plan-document.ts';

export type Action = Observation['action'];

/** What a secret is filled with. A password is never part of it: it is made up where the plan is carried out. */
export type SecretContent =
  | { kind: 'text'; text: string }
  | { kind: 'password' }
  /** The database's URL around the password of its user. */
  | { kind: 'url'; before: string; after: string };

export interface BlueprintBucket {
  id: BucketRole['id'];
  name: string;
  settings: BucketChange;
  grants: Grant[];
}
export interface BlueprintSecret {
  /** The id of its resource in the plan. */
  id: string;
  key: SecretKey;
  name: string;
  grants: Grant[];
  content: SecretContent;
}

/** What the resources are made of, as the functions say it that make them; the same for every form of a plan. */
export interface Blueprint {
  labels: Labels;
  accounts: Array<AccountRole & { accountId: string; description: string }>;
  buckets: BlueprintBucket[];
  secrets: BlueprintSecret[];
  /** Regions that new secrets are kept in; undefined: wherever Google likes. */
  secretLocations: string[] | undefined;
  /** What would happen to the resource of this id. */
  action(id: string): Action;
  /** What differs of the resource of this id, one line each. */
  differences(id: string): string[];
}

/** Stands where the password goes. No name that Google accepts holds capitals, so it occurs once. */
const PASSWORD_MARK = '__PASSWORD__';

/** Pure: the same plan always gives the same blueprint. */
export function blueprintOf({ plan, deployment, username }: PlanDocument): Blueprint {
  const observed = new Map(plan.items.map(({ resource, observation }) => [resource.id, observation]));
  const description = ownDescription(deployment);
  return {
    labels: deploymentLabels(deployment.name),
    accounts: ownAccounts(deployment).map((account) => ({
      ...account,
      accountId: account.email.split('@')[0] ?? '',
      description,
    })),
    buckets: [wantedArtifactBucket(deployment), wantedBuildBucket(deployment)].map((bucket) => ({
      id: bucket.id,
      name: bucket.bucket,
      settings: bucket.settings,
      grants: bucketGrants(bucket),
    })),
    secrets: SECRET_KEYS.map((key) => ({
      id: secretResourceId(key),
      key,
      name: deployment.secrets[key],
      grants: secretGrants(deployment, key),
      content: contentOf(deployment, key, username),
    })),
    secretLocations: deployment.secretLocations,
    action: (id) => observed.get(id)?.action ?? 'unchanged',
    differences: (id) => observed.get(id)?.differences ?? [],
  };
}

function contentOf(deployment: Deployment, key: SecretKey, username: string | undefined): SecretContent {
  if (key === 'tracking_password') return { kind: 'password' };
  if (key === 'database_url') {
    const [before = '', after = ''] = databaseUrl(deployment, PASSWORD_MARK).split(PASSWORD_MARK);
    return { kind: 'url', before, after };
  }
  return { kind: 'text', text: secretValue({ deployment, credentials: { username } }, key).value };
}

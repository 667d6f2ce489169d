import { BugError } from '../errors.ts';
import { type PoolArgs, type ProviderSettings, poolName } from '../gcp/workload-identity.ts';
import type { Deployment } from './deployment.ts';
import { ownDescription } from './ownership.ts';

/** Who signs the tokens of GitHub's workflows. https://docs.github.com/en/actions/concepts/security/openid-connect */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';
/** Google refuses tokens whose subject is longer. https://docs.cloud.google.com/iam/quotas#limits */
const LONGEST_SUBJECT = 127;
/** GitHub may put the numbers of owner and repository into the subject too: `@` and up to ten digits each. */
const SUBJECT_NUMBERS = 22;

type Github = NonNullable<Deployment['ci']['github']>;

/** The repository that may deploy. Throws a {@link BugError} where there is none: its resources are then not in the stack. */
export function githubOf({ ci }: Deployment): Github {
  if (ci.github === undefined) throw new BugError('no repository is named that may deploy');
  return ci.github;
}

/**
 * The provider for the workflows of one branch of one repository. The repository is known by its number where that is known: after a
 * repository was renamed or deleted, somebody else's may get its name.
 * https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions
 */
export function wantedProvider(deployment: Deployment): ProviderSettings {
  const github = githubOf(deployment);
  const { attribute, value } = repositoryOf(github);
  return {
    displayName: 'GitHub Actions',
    description: ownDescription(deployment),
    issuerUri: GITHUB_ISSUER,
    attributeMapping: {
      'google.subject': subjectOf(github),
      'attribute.repository': 'assertion.repository',
      'attribute.repository_id': 'assertion.repository_id',
      'attribute.ref': 'assertion.ref',
    },
    attributeCondition: `assertion.${attribute} == '${value}' && assertion.ref == 'refs/heads/${github.branch}'`,
  };
}

/** Who the workflows are, as policies name them. https://docs.cloud.google.com/iam/docs/principal-identifiers */
export function workflowMember(deployment: Deployment): string {
  const { attribute, value } = repositoryOf(githubOf(deployment));
  return `${poolMembers(deployment)}attribute.${attribute}/${value}`;
}

/** What the names of all who come by the deployment's pool begin with. */
export function poolMembers({ projectNumber, identityPool }: Pick<Deployment, 'projectNumber' | 'identityPool'>): string {
  return `principalSet://iam.googleapis.com/${poolName({ project: projectNumber, pool: identityPool })}/`;
}

export function poolPlace({ project, identityPool }: Deployment): PoolArgs {
  return { project, pool: identityPool };
}

function repositoryOf({ repository, repositoryId }: Github): { attribute: string; value: string } {
  return repositoryId === undefined
    ? { attribute: 'repository', value: repository }
    : { attribute: 'repository_id', value: repositoryId };
}

/** GitHub's own subject names repository and branch; where that may get too long, the number of the repository does. */
function subjectOf({ repository, branch }: Github): string {
  const longest = `repo:${repository}:ref:refs/heads/${branch}`.length + SUBJECT_NUMBERS;
  return longest <= LONGEST_SUBJECT ? 'assertion.sub' : 'assertion.repository_id';
}

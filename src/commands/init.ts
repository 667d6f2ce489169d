import { DATABASE_ENGINES, DATABASE_VERSIONS } from '../project/database-engines.ts';
import { checked, choice, list, toggle, value, wholeNumber } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';
import { checkBranch, checkGithubRepository, parseMember } from './init/access-checks.ts';
import {
  checkBucket,
  checkCpu,
  checkMemory,
  checkRepository,
  checkServiceAccount,
  checkSqlInstance,
  checkTier,
  checkUsername,
} from './init/init-checks.ts';

export const initOptions = {
  profile: choice(
    'profile',
    ['demo', 'team', 'production'],
    'sizes to begin with: demo, the smallest; team, a larger database; production, a second database ready in another zone and a server that never sleeps; other flags and mlflow-gcp.yaml win over it',
  ),
  database: choice(
    'engine',
    DATABASE_ENGINES,
    'database system that MLflow keeps its records in; it cannot be changed later (default: postgres)',
  ),
  tier: value('tier', 'machine of the database (default: db-f1-micro)', { parse: checked(checkTier) }),
  databaseVersion: choice(
    'version',
    [...DATABASE_VERSIONS.postgres, ...DATABASE_VERSIONS.mysql],
    'version of the database (default: POSTGRES_18, with --database mysql MYSQL_8_4)',
  ),
  availability: choice(
    'kind',
    ['ZONAL', 'REGIONAL'],
    'REGIONAL keeps a second database ready in another zone, at twice the price (default: ZONAL)',
  ),
  disk: value('gb', 'disk of the database in GB; it grows by itself (default: 10)', { parse: wholeNumber(10, 65536) }),
  instance: value('name', 'Cloud SQL instance to use; one that exists is adopted', { parse: checked(checkSqlInstance) }),
  clientCert: toggle('make a client certificate for the database; its private key goes into Secret Manager and nowhere else'),
  requireClientCert: toggle('refuse direct connections to the database without a client certificate; includes --client-cert'),
  bucket: value('name', 'bucket for artifacts; one that exists is adopted', { parse: checked(checkBucket) }),
  repository: value('name', 'Artifact Registry repository for images; one that exists is adopted', {
    parse: checked(checkRepository),
  }),
  serviceAccount: value('account', 'service account that the server runs as, by id or email; one that exists is adopted', {
    parse: checked(checkServiceAccount),
  }),
  buildServiceAccount: value('account', 'service account that builds images, by id or email; one that exists is adopted', {
    parse: checked(checkServiceAccount),
  }),
  ingress: choice(
    'from',
    ['all', 'internal', 'internal-and-cloud-load-balancing'],
    'where requests may come from (default: all)',
  ),
  invoker: choice(
    'who',
    ['unchecked', 'all-users'],
    'how requests get past Cloud Run to the server, which asks for user name and password: unchecked turns the IAM check off, all-users lets everybody pass it (default: unchecked)',
  ),
  memory: value('amount', 'memory of the server (default: 1Gi)', { parse: checked(checkMemory) }),
  cpu: value('number', 'CPUs of the server (default: 1)', { parse: checked(checkCpu) }),
  minInstances: value('number', 'instances that are kept running while nobody asks (default: 0)', { parse: wholeNumber(0, 100) }),
  maxInstances: value('number', 'most instances at once (default: 2)', { parse: wholeNumber(1, 100) }),
  username: value('name', 'user name that MLflow clients give (default: mlflow)', { parse: checked(checkUsername) }),
  passwordFile: value('file', 'file with the password that clients give, or - for stdin (default: one is made up)'),
  planFormat: choice(
    'form',
    ['text', 'json', 'gcloud', 'terraform', 'mermaid'],
    'with --dry-run: the plan as text, JSON, a gcloud script, a Terraform configuration or a Mermaid drawing (default: text)',
    { default: 'text' },
  ),
  deploy: toggle('deploy at once when everything is made'),
  credentials: choice(
    'kind',
    ['keyless', 'key'],
    'how people get the rights of the server’s service account: keyless, those named by --impersonator stand in for it; key, by a key file, where the organisation allows one (default: keyless)',
  ),
  impersonator: list(
    'member',
    'who may stand in for the server’s service account, besides those in mlflow-gcp.yaml: an address, user:ADDRESS, group:ADDRESS or serviceAccount:ADDRESS',
    {
      parse: parseMember,
    },
  ),
  keyFile: value(
    'file',
    'with --credentials key: where the key is kept, outside of any git work tree (default: in your config folder)',
  ),
  newKey: toggle('with --credentials key: make a new key, and delete the one before'),
  ci: choice(
    'service',
    ['github'],
    'set up deployments by GitHub Actions, without a key: a workflow, and the trust in its repository',
  ),
  githubRepo: value('owner/name', 'with --ci github: repository whose workflow may deploy (default: the folder’s origin)', {
    parse: checked(checkGithubRepository),
  }),
  githubBranch: value(
    'branch',
    'with --ci github: branch whose workflow may deploy (default: the one that a clone checks out, else main)',
    {
      parse: checked(checkBranch),
    },
  ),
  skipChecks: toggle(
    'go on where permissions or policies of the organisation seem to be in the way, as with roles under a condition',
  ),
};

export const initCommand: CommandSpec<typeof initOptions> = {
  name: 'init',
  summary: 'Make everything that an MLflow server needs, and its project folder',
  details:
    'Shows what would be made and what it costs before anything is done. Run again, it goes on where it was, or brings things in line with mlflow-gcp.yaml.',
  examples: [
    'mlflow-gcp init',
    'mlflow-gcp init --local --yes',
    'mlflow-gcp init --project my-project --region europe-west1 --tier db-g1-small --yes',
    'mlflow-gcp init --project my-project --profile production --yes',
    'mlflow-gcp init --project my-project --impersonator user:ada@example.com --yes',
    'mlflow-gcp init --project my-project --ci github --github-repo octo-org/mlflow --yes',
    'mlflow-gcp init --project my-project --dry-run',
    'mlflow-gcp init --project my-project --dry-run --plan-format terraform > mlflow.tf',
  ],
  options: initOptions,
  load: () => import('./init/init-action.ts'),
};

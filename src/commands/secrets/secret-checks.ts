import type { Deployment, SecretKey } from '../../stack/deployment.ts';
import { databaseLogin, databaseUrl, databaseUsers } from '../../stack/secret-values.ts';
import { checkPassword, checkUsername } from '../init/init-checks.ts';

type Verdict = true | string;

/** Whether this can be the value of that secret: true, or what is expected. Never repeats the value. */
export function checkSecret(deployment: Deployment, key: SecretKey, value: string): Verdict {
  switch (key) {
    case 'tracking_password':
      return checkPassword(value);
    case 'tracking_username':
      return checkUsername(value);
    case 'tracking_url':
      return checkTrackingUrl(value);
    case 'artifact_url':
      return (
        value === `gs://${deployment.artifactBucket}` ||
        `expected gs://${deployment.artifactBucket}: the bucket is chosen by artifacts.bucket in mlflow-gcp.yaml`
      );
    case 'database_url':
      return checkDatabaseUrl(deployment, value);
  }
}

function checkTrackingUrl(value: string): Verdict {
  const expected = 'expected the https address of the server, such as https://mlflow.example.com';
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:' || /\s/.test(value)) return expected;
  if (url.username || url.password) return 'an address may not hold a username or a password; they have secrets of their own';
  return url.search || url.hash ? expected : true;
}

/** Whether the URL leads one of our users to the deployment's own database. */
export function checkDatabaseUrl(deployment: Deployment, value: string): Verdict {
  const login = databaseLogin(value);
  const [owner, member] = databaseUsers(deployment);
  const form = `expected ${databaseUrl(deployment, 'PASSWORD')}`;
  if (login === undefined) return form;
  if (login.user !== owner && login.user !== member) return `expected the database user ${owner} or ${member}`;
  return value === databaseUrl(deployment, login.password, login.user) || form;
}

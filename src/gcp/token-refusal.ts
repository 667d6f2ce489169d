import { AccessError, type UserError } from '../errors.ts';
import { failureOf } from './errors.ts';

/**
 * What to say where credentials were understood and a token was refused all the same: whoever is signed in may not stand in for a service
 * account, or a token from outside was not taken. Undefined for other refusals.
 */
export function tokenRefusal(told: UserError): AccessError | undefined {
  const failure = failureOf(told);
  if (failure === undefined || !URL.canParse(failure.url)) return undefined;
  const { hostname, pathname } = new URL(failure.url);
  if (hostname === 'sts.googleapis.com' && failure.status === 400) {
    return new AccessError({
      code: 'FEDERATION_REFUSED',
      message: `Google Cloud did not take the token of this workflow: ${failure.message || failure.reasons[0]}`,
      hint: 'It has to run in the repository and on the branch that may deploy. To let it in: mlflow-gcp init --ci github --github-repo OWNER/NAME --github-branch BRANCH',
      docs: 'https://docs.cloud.google.com/iam/docs/troubleshooting-workload-identity-federation',
      cause: told,
    });
  }
  const [, account] = /\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(pathname) ?? [];
  if (hostname !== 'iamcredentials.googleapis.com' || account === undefined || told.code !== 'PERMISSION_DENIED')
    return undefined;
  return new AccessError({
    code: 'IMPERSONATION_DENIED',
    message: `Whoever is signed in may not stand in for ${decodeURIComponent(account)}: iam.serviceAccounts.getAccessToken is missing on it.`,
    hint: 'Have somebody who may change the project run: mlflow-gcp init --impersonator user:YOUR_EMAIL — or, for a workflow, mlflow-gcp init --ci github',
    docs: 'https://docs.cloud.google.com/iam/docs/service-account-permissions',
    cause: told,
  });
}

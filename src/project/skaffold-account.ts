import type { GcloudSettings } from './gcloud-settings.ts';

/** Who our own requests are made as. */
interface Ours {
  kind: string;
  account: string | undefined;
}

export interface AccountDifference {
  message: string;
  /** What makes the two the same. */
  mend: string;
}

const OWN_WAY = 'or deploy without skaffold: mlflow-gcp deploy --with api';

/**
 * How skaffold would deploy as somebody else than we set things up as, or undefined where it would not, or where nobody can tell.
 * Skaffold asks gcloud for a token first, and takes Application Default Credentials only where gcloud is not there or has none.
 * https://github.com/GoogleContainerTools/skaffold/blob/main/pkg/skaffold/gcp/auth.go
 */
export function skaffoldDifference(ours: Ours, gcloud: GcloudSettings, givenToken: boolean): AccountDifference | undefined {
  if (givenToken) return gcloud.installed ? undefined : tokenUnused();
  const theirs = gcloud.installed ? (gcloud.impersonates ?? gcloud.account) : undefined;
  if (theirs === undefined || ours.account === undefined || theirs === ours.account) return undefined;
  const how = gcloud.impersonates === undefined ? 'gcloud’s account' : 'whom gcloud stands in for';
  return {
    message: `skaffold would deploy as ${theirs} (${how}), and this program works as ${ours.account}.`,
    mend: `${mendOf(ours, gcloud)}, ${OWN_WAY}`,
  };
}

function mendOf({ kind, account }: Ours, gcloud: GcloudSettings): string {
  if (kind === 'impersonation') return `gcloud config set auth/impersonate_service_account ${account}`;
  if (kind === 'key') return 'gcloud auth activate-service-account --key-file="$GOOGLE_APPLICATION_CREDENTIALS"';
  const unset = gcloud.impersonates === undefined ? '' : 'gcloud config unset auth/impersonate_service_account && ';
  return `${unset}gcloud auth login ${account}`;
}

function tokenUnused(): AccountDifference {
  return {
    message: 'skaffold would not use the token in CLOUDSDK_AUTH_ACCESS_TOKEN: it takes it from gcloud, which is not on PATH.',
    mend: `Install gcloud, ${OWN_WAY}`,
  };
}

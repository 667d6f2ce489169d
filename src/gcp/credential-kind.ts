import type { AuthClient } from 'google-auth-library';

/**
 * What credentials are: a token given as it is, a person's sign-in, a service account's key, a service account that is
 * impersonated, an identity from outside Google (Workload Identity Federation), or the account attached to this machine.
 */
export type CredentialKind = 'token' | 'person' | 'key' | 'impersonation' | 'federation' | 'attached' | 'other';

export interface Credentials {
  kind: CredentialKind;
  /** Email, where it stands in the credentials themselves. */
  account: string | undefined;
}

/** Reads from the library's client what credentials it was made from. https://docs.cloud.google.com/docs/authentication/application-default-credentials */
export async function credentialsOf(client: AuthClient): Promise<Credentials> {
  const { BaseExternalAccountClient, Compute, ExternalAccountAuthorizedUserClient, Impersonated, JWT, UserRefreshClient } = (
    await import('google-auth-library')
  ).default;
  if (client instanceof JWT) return { kind: 'key', account: client.email };
  if (client instanceof Impersonated) return { kind: 'impersonation', account: client.getTargetPrincipal() };
  if (client instanceof BaseExternalAccountClient)
    return { kind: 'federation', account: client.getServiceAccountEmail() ?? undefined };
  if (client instanceof ExternalAccountAuthorizedUserClient) return { kind: 'federation', account: undefined };
  if (client instanceof Compute) return { kind: 'attached', account: await attachedAccount() };
  if (client instanceof UserRefreshClient) return { kind: 'person', account: undefined };
  return { kind: 'other', account: undefined };
}

/** The account that the metadata server gives tokens of. https://docs.cloud.google.com/compute/docs/metadata/predefined-metadata-keys */
async function attachedAccount(): Promise<string | undefined> {
  const { gcpMetadata } = (await import('google-auth-library')).default;
  try {
    return String(await gcpMetadata.instance('service-accounts/default/email'));
  } catch {
    // It gives tokens and does not say whose: some stand-ins for it are like that.
    return undefined;
  }
}

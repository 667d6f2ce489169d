import type { CredentialKind } from './credential-kind.ts';
import { errorFor, failureOf } from './errors.ts';
import type { Google } from './google.ts';

export interface SignedIn {
  kind: CredentialKind;
  /** Email of the person or service account; undefined where nobody says, or Google cannot be asked. */
  account: string | undefined;
}

const TOKENINFO = 'https://oauth2.googleapis.com/tokeninfo';

/**
 * Who every request is made as. Credentials that do not say it themselves are asked about at Google, which tells where the sign-in
 * allows it to. Throws NOT_SIGNED_IN or SIGN_IN_EXPIRED where there are no credentials or Google does not take them.
 * https://docs.cloud.google.com/docs/authentication/token-types#access-token-info
 */
export async function whoIsSignedIn(google: Google): Promise<SignedIn> {
  const { kind, account } = await google.credentials();
  // A token that cannot be had is worth knowing in any case.
  const token = await google.accessToken();
  if (account !== undefined || kind === 'attached' || kind === 'federation') return { kind, account };
  return { kind, account: await ownerOf(google, token) };
}

/** The token goes in the body: addresses are written into logs. */
async function ownerOf(google: Google, token: string): Promise<string | undefined> {
  try {
    const { data } = await google.request<{ email?: string }>({
      method: 'POST',
      url: TOKENINFO,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(new URLSearchParams({ access_token: token }).toString()),
      // A name that is good to know is not waited for: networks may let requests to this host alone go nowhere.
      timeoutMs: 10_000,
      idempotent: false,
    });
    return data.email || undefined;
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    // It calls a token that has run out, or that is none, a bad request.
    if (failure.status === 400)
      throw errorFor({ ...failure, status: 401 }, { tokenGiven: google.target.accessToken !== undefined, cause: error });
    return undefined;
  }
}

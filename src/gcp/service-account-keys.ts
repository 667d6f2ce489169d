import { isNotFound } from './errors.ts';
import type { Google } from './google.ts';
import { type ServiceAccountArgs, serviceAccountName } from './service-accounts.ts';

/** A key of a service account that its owner looks after; Google's own, which it signs with itself, are none of these. */
export interface ServiceAccountKey {
  /** 40 hexadecimal digits: `private_key_id` in the file. */
  id: string;
  /** RFC 3339: when it was made, and until when it works. */
  validAfter: string;
  validBefore: string;
  disabled: boolean;
}

/** The account's keys. https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/list */
export async function listKeys(google: Google, args: ServiceAccountArgs): Promise<ServiceAccountKey[]> {
  const api = await google.apis.iam();
  try {
    const { data } = await api.projects.serviceAccounts.keys.list({
      name: serviceAccountName(args),
      keyTypes: ['USER_MANAGED'],
    });
    return (data.keys ?? []).map(({ name, validAfterTime, validBeforeTime, disabled }) => ({
      id: name?.split('/').at(-1) ?? '',
      validAfter: validAfterTime ?? '',
      validBefore: validBeforeTime ?? '',
      disabled: disabled === true,
    }));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/**
 * Makes a key and returns the text of its file, the only copy of its private half that there will ever be. Not repeated by itself: after
 * an answer that was lost there may be a key that nobody holds. Throws ORG_POLICY where the organisation forbids keys.
 * https://docs.cloud.google.com/iam/docs/keys-create-delete
 */
export async function createKey(google: Google, args: ServiceAccountArgs): Promise<string> {
  const api = await google.apis.iam();
  const { data } = await api.projects.serviceAccounts.keys.create({
    name: serviceAccountName(args),
    requestBody: { privateKeyType: 'TYPE_GOOGLE_CREDENTIALS_FILE', keyAlgorithm: 'KEY_ALG_RSA_2048' },
  });
  return Buffer.from(data.privateKeyData ?? '', 'base64').toString('utf8');
}

/** Deletes a key: what holds its file is refused from then on. One that is not there is fine. */
export async function deleteKey(google: Google, args: ServiceAccountArgs & { id: string }): Promise<void> {
  const api = await google.apis.iam();
  try {
    await api.projects.serviceAccounts.keys.delete({ name: `${serviceAccountName(args)}/keys/${args.id}` });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

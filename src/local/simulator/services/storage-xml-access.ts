import { createHash, createPublicKey, verify } from 'node:crypto';
import type { RawRequest, Sim } from '../service.ts';
import { listKeys } from './iam-keys-store.ts';
import { policyRecord } from './iam-policy.ts';
import { bucketResource } from './iam-policy-storage.ts';
import type { BucketRecord } from './storage-bucket-record.ts';
import { header } from './storage-http.ts';
import { xmlError } from './storage-xml-http.ts';

const ALGORITHM = 'GOOG4-RSA-SHA256';
const MOST_SECONDS = 7 * 86_400;
const READERS = [
  'roles/storage.objectViewer',
  'roles/storage.legacyObjectReader',
  'roles/storage.objectUser',
  'roles/storage.objectAdmin',
  'roles/storage.admin',
];

/**
 * Lets in who has a token, a signed address, or wants to read what all users may.
 * @throws GoogleError 403, or 400 for a signed address that is no longer good
 */
export function checkAccess(request: RawRequest, sim: Sim, bucket: BucketRecord, reading: boolean): void {
  const query = request.url.searchParams;
  if (query.has('X-Goog-Signature')) {
    checkSignature(request, sim);
    return;
  }
  if (header(request.message, 'authorization') || query.has('access_token')) return;
  const bindings = policyRecord(sim, bucketResource(bucket.name))?.bindings ?? [];
  if (reading && bindings.some(({ role, members }) => READERS.includes(role) && members.includes('allUsers'))) return;
  throw xmlError(403, 'AccessDenied', 'Access denied.');
}

/** https://docs.cloud.google.com/storage/docs/authentication/canonical-requests */
function checkSignature(request: RawRequest, sim: Sim): void {
  const query = request.url.searchParams;
  const [, email = '', scope = ''] =
    /^(.+?)\/(\d{8}\/[^/]+\/storage\/goog4_request)$/.exec(query.get('X-Goog-Credential') ?? '') ?? [];
  const date = query.get('X-Goog-Date') ?? '';
  const seconds = Number(query.get('X-Goog-Expires'));
  const begin = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const wellFormed = query.get('X-Goog-Algorithm') === ALGORITHM && email !== '' && seconds > 0 && seconds <= MOST_SECONDS;
  if (!wellFormed || Number.isNaN(begin) || !scope.startsWith(date.slice(0, 8))) {
    throw xmlError(400, 'InvalidArgument', 'Invalid argument.');
  }
  if (sim.now().getTime() > begin + seconds * 1000) throw xmlError(400, 'ExpiredToken', 'Invalid argument.');
  const text = [ALGORITHM, date, scope, createHash('sha256').update(canonicalRequest(request)).digest('hex')].join('\n');
  const signature = Buffer.from(query.get('X-Goog-Signature') ?? '', 'hex');
  const signed = listKeys(sim, email).some(
    ({ publicKey, disabled }) => !disabled && verify('sha256', Buffer.from(text), createPublicKey(publicKey), signature),
  );
  if (signed) return;
  throw xmlError(
    403,
    'SignatureDoesNotMatch',
    'Access denied. The request signature we calculated does not match the signature you provided. Check your Google secret key and signing method.',
  );
}

function canonicalRequest({ message, url }: RawRequest): string {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort();
  const signedHeaders = url.searchParams.get('X-Goog-SignedHeaders') ?? '';
  const headers = signedHeaders
    .split(';')
    .map(
      (name) =>
        `${name}:${String(message.headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' ')}\n`,
    )
    .join('');
  const payload = header(message, 'x-goog-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  return [message.method, url.pathname, query.join('&'), headers, signedHeaders, payload].join('\n');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../service.ts';
import { invalidValue } from './compute-errors.ts';
import { isObject } from './masks.ts';

/**
 * Identity-Aware Proxy in front of a backend service. Without a client of one's own Google's is used. Of a client's secret only the
 * hash is kept and shown. https://docs.cloud.google.com/iap/docs/enabling-on-prem-howto
 * @param sent the whole of it as it shall be
 * @throws GoogleError 400 for a client without its secret, or the other way round
 */
export function completeIap(sent: Json | undefined, before: Json | undefined): JsonObject {
  if (!isObject(sent)) return {};
  const known = isObject(before) ? before : {};
  const clientId = String(sent['oauth2ClientId'] ?? '');
  const secret = sent['oauth2ClientSecret'];
  const kept = clientId !== '' && clientId === known['oauth2ClientId'] ? known['oauth2ClientSecretSha256'] : undefined;
  const hash = typeof secret === 'string' && (secret !== '' || kept === undefined) ? sha256(secret) : kept;
  if (clientId !== '' && (hash === undefined || hash === sha256('')))
    throw invalidValue('resource.iap.oauth2ClientSecret', '', 'A client needs its secret.');
  if (clientId === '' && typeof secret === 'string' && secret !== '')
    throw invalidValue('resource.iap.oauth2ClientId', '', 'A secret needs its client.');
  return {
    iap: {
      enabled: sent['enabled'] === true,
      oauth2ClientId: clientId,
      ...(hash === undefined ? {} : { oauth2ClientSecretSha256: hash }),
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

import type { JsonObject } from '../service.ts';

/** What a year costs, in whole US dollars, by top-level domain. https://cloud.google.com/domains/pricing */
const YEARLY_DOLLARS: Record<string, number> = {
  com: 12,
  dev: 12,
  net: 12,
  org: 12,
  app: 14,
  page: 10,
  info: 12,
  biz: 15,
  me: 20,
  co: 30,
  cloud: 20,
  tech: 50,
  io: 60,
};
/** Browsers open these with HTTPS alone. */
const HSTS_PRELOADED = ['app', 'dev', 'page'];
/** Names that somebody has. */
const TAKEN = ['example', 'github', 'gmail', 'google', 'iana', 'mlflow', 'python', 'test', 'wikipedia', 'youtube'];

export const SUPPORTED_PRIVACY = ['PUBLIC_CONTACT_DATA', 'REDACTED_CONTACT_DATA'];

/** What registering a domain would take. @param isRegistered whether it is taken here */
export function registerParameters(domainName: string, isRegistered: (name: string) => boolean): JsonObject {
  const [, label = '', tld = ''] = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.([a-z.]+)$/.exec(domainName) ?? [];
  const dollars = YEARLY_DOLLARS[tld];
  if (label === '' || dollars === undefined) return { domainName, availability: 'UNSUPPORTED' };
  if (label.length < 3 || TAKEN.includes(label) || isRegistered(domainName)) return { domainName, availability: 'UNAVAILABLE' };
  return {
    domainName,
    availability: 'AVAILABLE',
    supportedPrivacy: SUPPORTED_PRIVACY,
    ...(HSTS_PRELOADED.includes(tld) ? { domainNotices: ['HSTS_PRELOADED'] } : {}),
    yearlyPrice: { currencyCode: 'USD', units: String(dollars) },
  };
}

/** What a search finds: the name that was typed, and the same under other top-level domains. */
export function suggestions(query: string): string[] {
  const plain = query.trim().toLowerCase();
  const [first = ''] = plain.split('.');
  const label = first.replaceAll(/[^a-z0-9-]/g, '').replaceAll(/^-+|-+$/g, '');
  if (label === '') return [];
  const exact = plain.includes('.') ? [plain] : [];
  return [...new Set([...exact, ...Object.keys(YEARLY_DOLLARS).map((tld) => `${label}.${tld}`)])].slice(0, 10);
}

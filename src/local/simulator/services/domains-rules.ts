import type { Json, JsonObject } from '../service.ts';
import { SUPPORTED_PRIVACY } from './domains-catalog.ts';
import { isObject } from './masks.ts';
import { badRequest, invalidField } from './refusals.ts';

const CONTACTS = ['registrantContact', 'adminContact', 'technicalContact'];
const DEPRECATIONS = 'https://cloud.google.com/domains/docs/deprecations/feature-deprecations';

/** Whose data are complete, and shown no more than was agreed to. @throws GoogleError 400 */
export function checkContacts(settings: Json | undefined, notices: Json | undefined, at = 'registration.contact_settings'): void {
  if (!isObject(settings)) throw invalidField(at, 'Contact settings are required.');
  const privacy = String(settings['privacy'] ?? '');
  if (privacy === 'PRIVATE_CONTACT_DATA')
    throw invalidField(`${at}.privacy`, `PRIVATE_CONTACT_DATA is deprecated: see ${DEPRECATIONS}.`);
  if (!SUPPORTED_PRIVACY.includes(privacy))
    throw invalidField(`${at}.privacy`, 'The contact privacy is required and must be supported.');
  for (const name of CONTACTS) checkContact(settings[name], `${at}.${name.replace('Contact', '_contact')}`);
  const acknowledged = Array.isArray(notices) && notices.includes('PUBLIC_CONTACT_DATA_ACKNOWLEDGEMENT');
  if (privacy === 'PUBLIC_CONTACT_DATA' && !acknowledged) {
    throw invalidField('contact_notices', 'PUBLIC_CONTACT_DATA_ACKNOWLEDGEMENT is required to publish contact data.');
  }
}

function checkContact(contact: Json | undefined, at: string): void {
  if (!isObject(contact)) throw invalidField(at, 'The contact is required.');
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(String(contact['email'] ?? '')))
    throw invalidField(`${at}.email`, 'The email address is not valid.');
  if (!/^\+\d[\d .-]{6,17}$/.test(String(contact['phoneNumber'] ?? '')))
    throw invalidField(`${at}.phone_number`, 'The phone number must be in E.164 form: +1-800-555-0123.');
  const address = contact['postalAddress'];
  if (!isObject(address)) throw invalidField(`${at}.postal_address`, 'The postal address is required.');
  if (!/^[A-Z]{2}$/.test(String(address['regionCode'] ?? '')))
    throw invalidField(`${at}.postal_address.region_code`, 'The region code must be of two letters.');
  for (const field of ['addressLines', 'recipients']) {
    const value = address[field];
    if (!Array.isArray(value) || value.length === 0) throw invalidField(`${at}.postal_address`, `${field} are required.`);
  }
}

/** @throws GoogleError 400 */
export function checkDns(settings: Json | undefined, at = 'registration.dns_settings'): void {
  if (!isObject(settings)) throw invalidField(at, 'DNS settings are required.');
  if (isObject(settings['googleDomainsDns']))
    throw invalidField(`${at}.google_domains_dns`, `Google Domains DNS is deprecated: see ${DEPRECATIONS}. Use Cloud DNS.`);
  const custom = settings['customDns'];
  const servers = isObject(custom) && Array.isArray(custom['nameServers']) ? custom['nameServers'].map(String) : [];
  if (servers.length < 2) throw invalidField(`${at}.custom_dns.name_servers`, 'At least two name servers are required.');
  const wrong = servers.find((server) => !/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}\.?$/i.test(server));
  if (wrong !== undefined) throw invalidField(`${at}.custom_dns.name_servers`, `'${wrong}' is not a valid name server.`);
}

/** The price that is agreed to must be the price. @throws GoogleError 400 */
export function checkPrice(sent: Json | undefined, price: JsonObject): void {
  const plain = (money: JsonObject) => `${money['currencyCode']} ${money['units'] ?? 0} ${money['nanos'] ?? 0}`;
  if (isObject(sent) && plain(sent) === plain(price)) return;
  throw invalidField('yearly_price', 'The yearly price is required and must match the price of retrieveRegisterParameters.');
}

/** @throws GoogleError 400 for a mask that is missing, or that names what is changed by another method */
export function checkMask(paths: string[], known: string[]): void {
  if (paths.length === 0) throw invalidField('update_mask', 'The update mask is required.');
  const wrong = paths.find((path) => !known.includes(path.split('.')[0] ?? ''));
  if (wrong !== undefined) throw badRequest(`Field '${wrong}' cannot be updated by this method.`);
}

/** What is left of a method that Google does not offer any more. */
export function deprecated(method: string): never {
  throw badRequest(`${method.replace(/^.*\./, '')} is deprecated and no longer supported: see ${DEPRECATIONS}.`);
}

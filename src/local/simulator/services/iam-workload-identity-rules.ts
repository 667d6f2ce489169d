import { createPublicKey } from 'node:crypto';
import type { JsonObject } from '../service.ts';
import { isObject } from './masks.ts';
import { badRequest, invalidField } from './refusals.ts';

const LONGEST_NAME = 32;
const LONGEST_DESCRIPTION = 256;
const MOST_AUDIENCES = 10;
const SOURCES = ['aws', 'oidc', 'saml', 'x509'];
/** Anybody can get tokens of this issuer, so Google wants a condition on who. */
const SHARED_ISSUERS = ['https://token.actions.githubusercontent.com', 'https://gitlab.com', 'https://app.terraform.io'];

/** @throws GoogleError 400 for an id that Google refuses */
export function checkId(id: string, field: string): void {
  if (!/^[a-z0-9-]{4,32}$/.test(id) || id.startsWith('gcp-')) {
    throw invalidField(field, `Invalid ${field} ${JSON.stringify(id)}: 4 to 32 of [a-z0-9-], not starting with "gcp-".`);
  }
}

/** @throws GoogleError 400 */
export function checkPool(settings: JsonObject): void {
  checkTexts(settings);
}

/**
 * https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
 * @throws GoogleError 400
 */
export function checkProvider(settings: JsonObject): void {
  checkTexts(settings);
  const sources = SOURCES.filter((source) => isObject(settings[source]));
  if (sources.length !== 1) throw badRequest('Exactly one provider configuration (aws, oidc, saml or x509) must be set.');
  const mapping = isObject(settings['attributeMapping']) ? settings['attributeMapping'] : {};
  if (!isObject(settings['aws']) && !mapping['google.subject']) {
    throw invalidField('attribute_mapping', 'The attribute mapping must map google.subject.');
  }
  const wrong = Object.keys(mapping).find((key) => !/^(google\.(subject|groups)|attribute\.[a-z0-9_]{1,100})$/.test(key));
  if (wrong !== undefined) throw invalidField('attribute_mapping', `The attribute mapping has an invalid key: ${wrong}.`);
  if (isObject(settings['oidc'])) checkOidc(settings['oidc'], settings['attributeCondition']);
}

function checkOidc(oidc: JsonObject, condition: unknown): void {
  const issuer = String(oidc['issuerUri'] ?? '');
  if (!/^https:\/\/[^/?#]+[^?#]*$/.test(issuer))
    throw invalidField('oidc.issuer_uri', 'The issuer URI must be an https address.');
  const audiences = (oidc['allowedAudiences'] ?? []) as string[];
  if (audiences.length > MOST_AUDIENCES) throw invalidField('oidc.allowed_audiences', 'At most 10 audiences can be allowed.');
  if (oidc['jwksJson']) checkKeys(String(oidc['jwksJson']));
  if (SHARED_ISSUERS.includes(issuer) && !/\bassertion\.|\battribute\.|\bgoogle\./.test(String(condition ?? ''))) {
    throw invalidField('attribute_condition', "The attribute condition must reference one of the provider's claims.");
  }
}

function checkKeys(jwks: string): void {
  try {
    const { keys } = JSON.parse(jwks) as { keys: JsonObject[] };
    for (const key of keys) createPublicKey({ key, format: 'jwk' });
  } catch (error) {
    if (error instanceof Error) throw invalidField('oidc.jwks_json', `The JWKS cannot be read: ${error.message}`);
    throw error;
  }
}

function checkTexts({ displayName, description }: JsonObject): void {
  if (String(displayName ?? '').length > LONGEST_NAME) throw invalidField('display_name', 'At most 32 characters.');
  if (String(description ?? '').length > LONGEST_DESCRIPTION) throw invalidField('description', 'At most 256 characters.');
}

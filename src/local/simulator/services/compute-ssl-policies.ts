import type { Handler, Json } from '../service.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Kind } from './compute-kind.ts';
import { scopeOf } from './compute-places.ts';

/** The ciphers of each profile. https://docs.cloud.google.com/load-balancing/docs/ssl-policies-concepts#defining_an_ssl_policy */
const GCM = ['ECDSA_WITH_AES_128', 'ECDSA_WITH_AES_256', 'RSA_WITH_AES_128', 'RSA_WITH_AES_256'].map(
  (name) => `TLS_ECDHE_${name}_GCM_${name.endsWith('128') ? 'SHA256' : 'SHA384'}`,
);
const CHACHA = ['ECDSA', 'RSA'].map((name) => `TLS_ECDHE_${name}_WITH_CHACHA20_POLY1305_SHA256`);
const CBC = ['ECDSA_WITH_AES_128', 'ECDSA_WITH_AES_256', 'RSA_WITH_AES_128', 'RSA_WITH_AES_256'].map(
  (name) => `TLS_ECDHE_${name}_CBC_SHA`,
);
const OLD = [
  'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
];
const PROFILES: Record<string, string[]> = {
  COMPATIBLE: [...GCM, ...CHACHA, ...CBC, ...OLD],
  MODERN: [...GCM, ...CHACHA, ...CBC],
  RESTRICTED: [...GCM, ...CHACHA],
  FIPS_202205: GCM,
};

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/sslPolicies */
export const sslPolicies: Kind = {
  methods: 'sslPolicies',
  collection: 'sslPolicies',
  type: 'compute#sslPolicy',
  listType: 'compute#sslPoliciesList',
  noun: 'ssl_policy',
  param: 'sslPolicy',
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete', 'patch', 'getIamPolicy', 'setIamPolicy', 'testIamPermissions'],
  usual: 'compute.resources',
  fingerprint: true,
  complete: ({ wanted }) => {
    const profile = String(wanted['profile'] ?? 'COMPATIBLE');
    const minTlsVersion = String(wanted['minTlsVersion'] ?? 'TLS_1_0');
    const customFeatures = (wanted['customFeatures'] ?? []) as string[];
    checkVersion(profile, minTlsVersion);
    checkFeatures(profile, customFeatures);
    const enabled: Json = (PROFILES[profile] ?? customFeatures).toSorted();
    return { ...wanted, profile, minTlsVersion, enabledFeatures: enabled };
  },
};

function checkVersion(profile: string, version: string): void {
  if (version === 'TLS_1_3' && profile !== 'RESTRICTED')
    throw invalidValue('resource.minTlsVersion', version, 'TLS_1_3 can only be used with the RESTRICTED profile.');
  if (profile === 'FIPS_202205' && version !== 'TLS_1_2')
    throw invalidValue('resource.minTlsVersion', version, 'The FIPS_202205 profile needs TLS_1_2.');
}

function checkFeatures(profile: string, features: string[]): void {
  if (profile === 'CUSTOM' && features.length === 0) throw required('resource.customFeatures');
  if (profile !== 'CUSTOM' && features.length > 0)
    throw invalidValue(
      'resource.customFeatures',
      features.join(', '),
      'Custom features can only be set with the CUSTOM profile.',
    );
  for (const [place, feature] of features.entries()) {
    if (!PROFILES['COMPATIBLE']?.includes(feature))
      throw invalidValue(`resource.customFeatures[${place}]`, feature, 'It is not one of the available features.');
  }
}

export const sslPolicyMethods: Record<string, Handler> = {
  'compute.sslPolicies.listAvailableFeatures': (call, sim) => {
    scopeOf(call, sim);
    return { features: PROFILES['COMPATIBLE']?.toSorted() };
  },
};

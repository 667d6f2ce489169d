import type { Json } from '../service.ts';
import { isMap } from './certificatemanager-records.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Action, Change, Kind } from './compute-kind.ts';
import { reference } from './compute-references.ts';

const MOST_CERTIFICATES = 15;
const CERTIFICATE_MAP = /^\/\/certificatemanager\.googleapis\.com\/projects\/[^/]+\/locations\/global\/certificateMaps\/[^/]+$/;

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/targetHttpProxies */
export const targetHttpProxies: Kind = {
  methods: 'targetHttpProxies',
  collection: 'targetHttpProxies',
  type: 'compute#targetHttpProxy',
  noun: 'target_http_proxy',
  param: 'targetHttpProxy',
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete', 'patch'],
  usual: 'compute.resources',
  fingerprint: true,
  complete: (change) => ({ ...change.wanted, ...urlMapOf(change) }),
  actions: { setUrlMap: sets('urlMap') },
};

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/targetHttpsProxies */
export const targetHttpsProxies: Kind = {
  methods: 'targetHttpsProxies',
  collection: 'targetHttpsProxies',
  type: 'compute#targetHttpsProxy',
  noun: 'target_https_proxy',
  param: 'targetHttpsProxy',
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete', 'patch'],
  usual: 'compute.resources',
  fingerprint: true,
  complete: (change) => ({
    quicOverride: 'NONE',
    tlsEarlyData: 'DISABLED',
    ...change.wanted,
    ...urlMapOf(change),
    ...certificatesOf(change),
    ...policyOf(change),
  }),
  actions: {
    setUrlMap: sets('urlMap'),
    setSslCertificates: sets('sslCertificates'),
    setSslPolicy: sets('sslPolicy'),
    setCertificateMap: sets('certificateMap'),
    setQuicOverride: sets('quicOverride'),
  },
};

/** Takes one field of a proxy from the request; nothing or an empty text clears it. */
function sets(field: string): Action {
  return { change: (value, call) => ({ ...value, [field]: call.body[field] || null }) };
}

function urlMapOf(change: Change): { urlMap: string } {
  return { urlMap: reference(change, 'resource.urlMap', change.wanted['urlMap'], ['urlMaps']) };
}

function policyOf(change: Change): { sslPolicy: string | null } {
  const { sslPolicy } = change.wanted;
  return { sslPolicy: sslPolicy ? reference(change, 'resource.sslPolicy', sslPolicy, ['sslPolicies']) : null };
}

function certificatesOf(change: Change): { [name: string]: Json } {
  const { sslCertificates, certificateMap } = change.wanted;
  const links = ((sslCertificates ?? []) as string[]).map((link, place) =>
    reference(change, `resource.sslCertificates[${place}]`, link, ['sslCertificates']),
  );
  if (links.length > MOST_CERTIFICATES)
    throw invalidValue(
      'resource.sslCertificates',
      String(links.length),
      `At most ${MOST_CERTIFICATES} SSL certificates can be set.`,
    );
  const twice = links.findIndex((link, place) => links.indexOf(link) !== place);
  if (twice >= 0) throw invalidValue(`resource.sslCertificates[${twice}]`, links[twice], 'The SSL certificate is there twice.');
  if (certificateMap && !CERTIFICATE_MAP.test(String(certificateMap)))
    throw invalidValue('resource.certificateMap', certificateMap, 'The URL is malformed.');
  if (certificateMap && !isMap(change.sim, String(certificateMap)))
    throw invalidValue('resource.certificateMap', certificateMap, 'The certificate map does not exist.');
  if (links.length === 0 && !certificateMap) throw required('resource.sslCertificates');
  return { sslCertificates: links.length > 0 ? links : null, certificateMap: certificateMap || null };
}

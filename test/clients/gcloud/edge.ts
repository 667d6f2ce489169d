import { REGION, type Row } from './row.ts';

const BE = '--resource-type=backend-services --service=be1';
const MEMBER = '--member=user:a@example.com --role=roles/iap.httpsResourceAccessor';
const NEG = `--network-endpoint-group=neg1 --network-endpoint-group-region=${REGION}`;
const ZONE = '--zone=z1';
const POOL = '--location=global --workload-identity-pool=pool1';

const made = (what: string) => ({
  err: new RegExp(`^Created \\[https://www\\.googleapis\\.com/compute/v1/projects/\\S+/${what}\\]\\.$`, 'm'),
});
const updated = (what: string) => ({
  err: new RegExp(`^Updated \\[https://www\\.googleapis\\.com/compute/v1/projects/\\S+/${what}\\]\\.$`, 'm'),
});
const deleted = (what: string) => ({
  err: new RegExp(`^Deleted \\[https://www\\.googleapis\\.com/compute/v1/projects/\\S+/${what}\\]\\.$`, 'm'),
});
const empty = { err: /^Listed 0 items\.$/m };

const balancer: Row[] = [
  {
    run: 'services enable compute.googleapis.com iap.googleapis.com dns.googleapis.com orgpolicy.googleapis.com iam.googleapis.com run.googleapis.com logging.googleapis.com domains.googleapis.com certificatemanager.googleapis.com',
  },
  { run: 'compute addresses create ip1 --global', ...made('global/addresses/ip1') },
  { run: 'compute addresses create ip1 --global', status: 1, err: /already exists/ },
  {
    run: 'compute addresses describe ip1 --global --format=json',
    out: { kind: 'compute#address', name: 'ip1', status: 'RESERVED', addressType: 'EXTERNAL', networkTier: 'PREMIUM' },
  },
  { run: 'compute addresses list --format=value(name,status)', out: /^ip1\s+RESERVED$/ },
  {
    run: `compute network-endpoint-groups create neg1 --region=${REGION} --network-endpoint-type=serverless --cloud-run-service=web`,
    err: /^Created network endpoint group \[neg1\]\.$/m,
  },
  {
    run: `compute network-endpoint-groups describe neg1 --region=${REGION} --format=json`,
    out: { networkEndpointType: 'SERVERLESS', cloudRun: { service: 'web' } },
  },
  { run: 'compute network-endpoint-groups list --format=value(name)', out: 'neg1' },
  { run: 'compute security-policies create pol1 --description=mine', ...made('global/securityPolicies/pol1') },
  {
    run: 'compute security-policies rules create 1000 --security-policy=pol1 --src-ip-ranges=203.0.113.0/24 --action=allow',
    ...updated('global/securityPolicies/pol1'),
  },
  {
    run: 'compute security-policies rules update 1000 --security-policy=pol1 --src-ip-ranges=203.0.113.0/25',
    ...updated('global/securityPolicies/pol1'),
  },
  {
    run: 'compute security-policies rules update 2147483647 --security-policy=pol1 --action=deny-403',
    ...updated('global/securityPolicies/pol1'),
  },
  {
    run: 'compute security-policies describe pol1 --format=json',
    out: [
      {
        kind: 'compute#securityPolicy',
        rules: [
          { action: 'allow', priority: 1000, match: { config: { srcIpRanges: ['203.0.113.0/25'] } } },
          { action: 'deny(403)', priority: 2147483647 },
        ],
      },
    ],
  },
  { run: 'compute security-policies list --format=value(name)', out: 'pol1' },
  {
    run: 'compute backend-services create be1 --global --load-balancing-scheme=EXTERNAL_MANAGED --protocol=HTTPS',
    ...made('global/backendServices/be1'),
  },
  { run: `compute backend-services add-backend be1 --global ${NEG}`, ...updated('global/backendServices/be1') },
  { run: 'compute backend-services update be1 --global --security-policy=pol1', ...updated('global/backendServices/be1') },
  {
    run: 'compute backend-services describe be1 --global --format=json',
    out: {
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      protocol: 'HTTPS',
      securityPolicy: /\/securityPolicies\/pol1$/,
      backends: [{ group: /\/networkEndpointGroups\/neg1$/ }],
    },
  },
  { run: 'compute ssl-certificates create cert1 --domains=www.example.org --global', ...made('global/sslCertificates/cert1') },
  { run: 'compute ssl-certificates list --format=value(name,type,managed.status)', out: /^cert1\s+MANAGED\s+PROVISIONING$/ },
  { run: 'compute ssl-policies create ssl1 --profile=MODERN --min-tls-version=1.2', out: /^ssl1\s+MODERN\s+TLS_1_2$/m },
  { run: 'compute ssl-policies describe ssl1 --format=value(profile,minTlsVersion)', out: /^MODERN\s+TLS_1_2$/ },
  { run: 'compute url-maps create um1 --default-service=be1', ...made('global/urlMaps/um1') },
  { run: 'compute url-maps create um2 --default-service=nothing', status: 1, err: /nothing/ },
  { run: 'compute url-maps describe um1 --format=value(defaultService.basename())', out: 'be1' },
  {
    run: 'compute target-https-proxies create tp1 --url-map=um1 --ssl-certificates=cert1 --ssl-policy=ssl1',
    ...made('global/targetHttpsProxies/tp1'),
  },
  { run: 'compute target-https-proxies list --format=value(name,urlMap.basename())', out: /^tp1\s+um1$/ },
  {
    run: 'compute forwarding-rules create fr1 --global --load-balancing-scheme=EXTERNAL_MANAGED --address=ip1 --target-https-proxy=tp1 --ports=443',
    ...made('global/forwardingRules/fr1'),
  },
  { run: 'compute forwarding-rules list --format=value(name,IPProtocol,target.basename())', out: /^fr1\s+TCP\s+tp1$/ },
  { run: 'compute addresses describe ip1 --global --format=value(status)', out: 'IN_USE' },
];

const iap: Row[] = [
  { run: `iap web enable ${BE} --format=json`, out: [{ iap: { enabled: true } }] },
  { run: `iap web add-iam-policy-binding ${BE} ${MEMBER}`, err: /^Updated IAM policy for/m },
  {
    run: `iap web get-iam-policy ${BE} --format=json`,
    out: { bindings: [{ members: ['user:a@example.com'], role: 'roles/iap.httpsResourceAccessor' }] },
  },
  { run: `iap web set-iam-policy policy.json ${BE} --format=value(bindings)`, out: /roles\/iap\.httpsResourceAccessor/ },
  { run: `iap web remove-iam-policy-binding ${BE} ${MEMBER}`, err: /^Updated IAM policy for/m },
  { run: 'iap settings get --project=$P --resource-type=iap_web --format=value(name)', out: 'projects/$N/iap_web' },
];

const back: Row[] = [
  { run: 'compute url-maps delete um1', status: 1, err: /is already being used by/ },
  { run: 'compute forwarding-rules delete fr1 --global', ...deleted('global/forwardingRules/fr1') },
  { run: 'compute target-https-proxies delete tp1', ...deleted('global/targetHttpsProxies/tp1') },
  { run: 'compute url-maps delete um1', ...deleted('global/urlMaps/um1') },
  { run: 'compute ssl-policies delete ssl1' },
  { run: 'compute ssl-certificates delete cert1', ...deleted('global/sslCertificates/cert1') },
  { run: `compute backend-services remove-backend be1 --global ${NEG}`, ...updated('global/backendServices/be1') },
  { run: 'compute backend-services delete be1 --global', ...deleted('global/backendServices/be1') },
  { run: 'compute security-policies rules delete 1000 --security-policy=pol1', ...updated('global/securityPolicies/pol1') },
  { run: 'compute security-policies delete pol1', ...deleted('global/securityPolicies/pol1') },
  { run: `compute network-endpoint-groups delete neg1 --region=${REGION}`, err: /^Deleted network endpoint group \[neg1\]\.$/m },
  { run: 'compute addresses delete ip1 --global', ...deleted('global/addresses/ip1') },
  ...['addresses', 'backend-services', 'url-maps', 'forwarding-rules', 'ssl-certificates', 'network-endpoint-groups'].map(
    (kind) => ({ run: `compute ${kind} list`, ...empty }),
  ),
];

const names: Row[] = [
  {
    run: 'dns managed-zones create z1 --dns-name=example.org. --description=mine',
    err: /^Created \[https:\/\/dns\.googleapis\.com\/dns\/v1\/projects\/\S+\/managedZones\/z1\]\.$/m,
  },
  { run: 'dns managed-zones describe z1 --format=json', out: { dnsName: 'example.org.', name: 'z1', visibility: 'public' } },
  { run: 'dns managed-zones list --format=value(name,dnsName)', out: /^z1\s+example\.org\.$/ },
  {
    run: `dns record-sets create www.example.org. ${ZONE} --type=A --ttl=300 --rrdatas=192.0.2.4`,
    out: /^www\.example\.org\.\s+A\s+300\s+192\.0\.2\.4$/m,
  },
  {
    run: `dns record-sets create www.example.org. ${ZONE} --type=A --ttl=300 --rrdatas=192.0.2.4`,
    status: 1,
    err: /already exists/,
  },
  {
    run: `dns record-sets update www.example.org. ${ZONE} --type=A --ttl=60 --rrdatas=192.0.2.5`,
    out: /^www\.example\.org\.\s+A\s+60\s+192\.0\.2\.5$/m,
  },
  {
    run: `dns record-sets list ${ZONE} --name=www.example.org. --format=value(type,ttl,rrdatas)`,
    out: /^A\s+60\s+192\.0\.2\.5$/,
  },
  { run: `dns record-sets transaction start ${ZONE}`, err: /^Transaction started/m },
  {
    run: `dns record-sets transaction add 192.0.2.6 --name=api.example.org. --ttl=300 --type=A ${ZONE}`,
    err: /^Record addition appended/m,
  },
  { run: `dns record-sets transaction execute ${ZONE}`, err: /^Executed transaction/m },
  { run: `dns record-sets changes list ${ZONE} --format=value(id,status)`, out: /^3\s+\w+\n2\s+done\n1\s+done\n0\s+done$/ },
  { run: 'dns managed-zones delete z1', status: 1, err: /contains one or more 'resource records'/ },
  { run: `dns record-sets delete www.example.org. ${ZONE} --type=A`, err: /^Deleted/m },
  { run: `dns record-sets delete api.example.org. ${ZONE} --type=A`, err: /^Deleted/m },
  { run: 'dns managed-zones delete z1', err: /^Deleted/m },
  { run: 'dns managed-zones list', ...empty },
];

const federation: Row[] = [
  {
    run: 'iam workload-identity-pools create pool1 --location=global --display-name=Mine',
    err: /^Created workload identity pool \[pool1\]\.$/m,
  },
  {
    run: `iam workload-identity-pools providers create-oidc prov1 ${POOL} --issuer-uri=https://token.actions.githubusercontent.com --attribute-mapping=google.subject=assertion.sub --attribute-condition="assertion.repository=='a/b'"`,
    err: /^Created workload identity pool provider \[prov1\]\.$/m,
  },
  {
    run: `iam workload-identity-pools providers describe prov1 ${POOL} --format=json`,
    out: {
      state: 'ACTIVE',
      name: 'projects/$N/locations/global/workloadIdentityPools/pool1/providers/prov1',
      oidc: { issuerUri: 'https://token.actions.githubusercontent.com' },
    },
  },
  {
    run: `iam workload-identity-pools providers delete prov1 ${POOL}`,
    err: /^Deleted workload identity pool provider \[prov1\]\.$/m,
  },
  { run: 'iam workload-identity-pools delete pool1 --location=global', err: /^Deleted workload identity pool \[pool1\]\.$/m },
  { run: 'iam workload-identity-pools list --location=global', ...empty },
];

const certificates: Row[] = [
  {
    run: 'certificate-manager dns-authorizations create auth1 --domain=example.org',
    err: /^Created dnsAuthorization \[auth1\]\.$/m,
  },
  {
    run: 'certificate-manager dns-authorizations describe auth1 --format=json',
    out: { domain: 'example.org', dnsResourceRecord: { name: '_acme-challenge.example.org.', type: 'CNAME' } },
  },
  {
    run: 'certificate-manager certificates create cmc1 --domains=example.org --dns-authorizations=auth1',
    err: /^Created certificate \[cmc1\]\.$/m,
  },
  { run: 'certificate-manager certificates describe cmc1 --format=json', out: { managed: { domains: ['example.org'] } } },
  { run: 'certificate-manager maps create map1', err: /^Created certificate map \[map1\]\.$/m },
  {
    run: 'certificate-manager maps entries create ent1 --map=map1 --certificates=cmc1 --hostname=example.org',
    err: /^Created certificate map entry \[ent1\]\.$/m,
  },
  {
    run: 'certificate-manager maps entries list --map=map1 --format=value(name.basename(),hostname)',
    out: /^ent1\s+example\.org$/,
  },
  { run: 'certificate-manager maps entries delete ent1 --map=map1', err: /^Deleted map entry \[ent1\]\.$/m },
  { run: 'certificate-manager maps delete map1', err: /^Deleted map \[map1\]\.$/m },
  { run: 'certificate-manager certificates delete cmc1', err: /^Deleted certificate \[cmc1\]\.$/m },
  { run: 'certificate-manager dns-authorizations delete auth1', err: /^Deleted dnsAuthorization \[auth1\]\.$/m },
  ...['dns-authorizations', 'certificates', 'maps'].map((kind) => ({ run: `certificate-manager ${kind} list`, ...empty })),
];

const rest: Row[] = [
  { run: 'org-policies list --project=$P', ...empty },
  {
    run: 'org-policies describe constraints/iam.allowedPolicyMemberDomains --project=$P --effective --format=json',
    out: { spec: { rules: [{ allowAll: true }] } },
  },
];

/** The load balancer from nothing to its forwarding rule and back, with what stands around it. */
export const edge: Row[] = [...balancer, ...iap, ...back, ...names, ...federation, ...certificates, ...rest];

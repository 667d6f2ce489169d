import type { Row } from './row.ts';

const SIGNER = 'signer --project=$P';
const OLD = 'resource-manager org-policies';

const roles: Row[] = [
  {
    run: `iam roles create ${SIGNER} --title=Signer --permissions=iam.serviceAccounts.signBlob,run.routes.invoke --stage=GA`,
    out: /^includedPermissions:\n- iam\.serviceAccounts\.signBlob\n- run\.routes\.invoke\nname: projects\/\S+\/roles\/signer$/m,
    err: /^Created role \[signer\]\.$/m,
  },
  { run: `iam roles create ${SIGNER}`, status: 1, err: /already exists/ },
  {
    run: `iam roles update ${SIGNER} --add-permissions=cloudsql.instances.connect --format=json`,
    out: { includedPermissions: ['cloudsql.instances.connect', 'iam.serviceAccounts.signBlob', 'run.routes.invoke'] },
  },
  { run: `iam roles describe ${SIGNER} --format=value(title,stage)`, out: /^Signer\s+GA$/ },
  {
    run: 'iam list-testable-permissions //cloudresourcemanager.googleapis.com/projects/$P --filter=name:run.routes.invoke --format=value(name)',
    out: 'run.routes.invoke',
  },
  {
    run: 'iam list-grantable-roles //cloudresourcemanager.googleapis.com/projects/$P --filter=name=roles/run.invoker --format=value(name)',
    out: 'roles/run.invoker',
  },
  { run: `iam roles delete ${SIGNER} --format=value(deleted)`, out: 'True' },
  { run: `iam roles undelete ${SIGNER} --format=value(title)`, out: 'Signer' },
  { run: `iam roles delete ${SIGNER}`, out: /^deleted: true$/m },
  { run: 'iam roles list --project=$P', err: /^Listed 0 items\.$/m },
];

const policies: Row[] = [
  { run: `${OLD} list --project=$P`, err: /^Listed 0 items\.$/m },
  {
    run: `${OLD} enable-enforce compute.disableGlobalLoadBalancing --project=$P --format=json`,
    out: { booleanPolicy: { enforced: true }, constraint: 'constraints/compute.disableGlobalLoadBalancing', etag: /^.+$/ },
  },
  {
    run: `${OLD} list --project=$P --format=value(constraint,booleanPolicy)`,
    out: /^constraints\/compute\.disableGlobalLoadBalancing\s+SET$|enforced/,
  },
  { run: 'compute addresses create ip0 --global' },
  { run: `${OLD} disable-enforce compute.disableGlobalLoadBalancing --project=$P --format=json`, out: { booleanPolicy: {} } },
  { run: 'compute addresses delete ip0 --global' },
  {
    run: `${OLD} allow gcp.resourceLocations in:us-locations --project=$P --format=value(listPolicy.allowedValues)`,
    out: 'in:us-locations',
  },
  {
    run: `${OLD} describe gcp.resourceLocations --project=$P --effective --format=json`,
    out: { listPolicy: { allowedValues: ['in:us-locations'] } },
  },
  { run: `${OLD} delete gcp.resourceLocations --project=$P`, err: /^Deleted/m },
  { run: `${OLD} delete compute.disableGlobalLoadBalancing --project=$P`, err: /^Deleted/m },
  {
    run: 'org-policies set-policy org-policy.json --format=json',
    out: { name: 'projects/$N/policies/sql.restrictPublicIp', spec: { rules: [{ enforce: true }] } },
    err: /^Created policy/m,
  },
  { run: 'org-policies describe sql.restrictPublicIp --project=$P --format=value(spec.rules[0].enforce)', out: 'True' },
  { run: 'org-policies reset sql.restrictPublicIp --project=$P --format=value(spec.reset)', out: 'True' },
  { run: 'org-policies delete sql.restrictPublicIp --project=$P', err: /^Deleted policy/m },
  { run: 'org-policies list --project=$P', err: /^Listed 0 items\.$/m },
];

const projects: Row[] = [
  {
    run: 'projects create $P-two --name=Two',
    err: /Create in progress for \[.+\][\s\S]*Enabling service \[cloudapis\.googleapis\.com\]/,
  },
  { run: 'projects create $P-two', status: 1, err: /already in use|already exists/ },
  { run: 'billing accounts list --format=value(name.basename())', out: /^[0-9A-F]{6}(-[0-9A-F]{6}){2}$/, keep: 'ACCOUNT' },
  { run: 'billing projects link $P-two --billing-account=$ACCOUNT --format=value(billingEnabled)', out: 'True' },
  { run: 'billing projects unlink $P-two --format=value(billingEnabled)', out: /^(False)?$/ },
  { run: 'projects update $P-two --name=Three', err: /^Updated \[/m },
  { run: 'projects describe $P-two --format=value(name,lifecycleState)', out: /^Three\s+ACTIVE$/ },
  { run: 'projects get-ancestors $P-two --format=value(id,type)', out: /^\S+-two\s+project$/ },
  { run: 'projects delete $P-two', err: /^Deleted \[/m },
  { run: 'projects undelete $P-two', err: /^Restored project \[/m },
  { run: 'projects delete $P-two', err: /^Deleted \[/m },
  { run: 'projects list --format=value(projectId)', out: '$P' },
];

const REGISTER =
  'domains registrations register example-ml.com --contact-data-from-file=contacts.json --contact-privacy=redacted-contact-data --name-servers=ns1.example.org,ns2.example.org';

const domains: Row[] = [
  {
    run: 'domains registrations search-domains example-ml --format=value(domainName,availability)',
    out: /^example-ml\.com\s+AVAILABLE$/m,
  },
  {
    run: 'domains registrations get-register-parameters example-ml.com --format=json',
    out: { availability: 'AVAILABLE', domainName: 'example-ml.com', yearlyPrice: { currencyCode: 'USD', units: '12' } },
  },
  { run: `${REGISTER} --yearly-price="12.00 USD" --validate-only`, err: /will not have any effect/ },
  { run: `${REGISTER} --yearly-price="11.00 USD"`, status: 1 },
  { run: `${REGISTER} --yearly-price="12.00 USD"`, err: /^Created registration \[example-ml\.com\]/m },
  {
    run: 'domains registrations describe example-ml.com --format=json',
    out: { domainName: 'example-ml.com', dnsSettings: { customDns: { nameServers: ['ns1.example.org', 'ns2.example.org'] } } },
  },
  {
    run: 'domains registrations configure dns example-ml.com --name-servers=ns3.example.org,ns4.example.org',
    err: /^Updated registration \[example-ml\.com\]\.$/m,
  },
  { run: 'domains registrations update example-ml.com --update-labels=a=b', err: /^Updated registration/m },
  { run: 'domains registrations list --format=value(domainName,labels.a)', out: /^example-ml\.com\s+b$/ },
  { run: 'domains registrations operations list --format=value(metadata.verb)', out: /^register$/m },
  { run: 'domains registrations delete example-ml.com', status: 1, err: /ACTIVE cannot be deleted/ },
];

const rest: Row[] = [
  {
    run: 'iap settings set iap-settings.json --project=$P --resource-type=iap_web --format=json',
    out: { accessSettings: { oauthSettings: { programmaticClients: ['1.apps.googleusercontent.com'] } } },
  },
  { run: 'logging write mine hello', err: /^Created log entry\.$/m },
  { run: 'logging read logName:mine --limit=3 --format=value(textPayload)', out: 'hello' },
  { run: 'logging logs list --format=value(.)', out: /logs\/mine$/m },
  { run: 'logging logs delete mine', err: /^Deleted \[/m },
  { run: 'logging logs list', err: /^Listed 0 items\.$/m },
  { run: 'services disable domains.googleapis.com', err: /finished successfully/ },
  { run: 'domains registrations list', status: 1, err: /Cloud Domains API has not been used|is disabled|not enabled/ },
];

/** Custom roles, policies of the organisation by both APIs, projects and their billing, names that are bought, logs. */
export const organisation: Row[] = [
  {
    run: 'services enable compute.googleapis.com orgpolicy.googleapis.com iam.googleapis.com iap.googleapis.com logging.googleapis.com domains.googleapis.com',
  },
  ...roles,
  ...policies,
  ...projects,
  ...domains,
  ...rest,
];

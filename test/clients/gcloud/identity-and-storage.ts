import type { Row } from './row.ts';

const SA = 'robot-one@$P.iam.gserviceaccount.com';
const BUCKET = 'gs://$P-one';
const READER = '--member=user:a@example.com --role=roles/secretmanager.secretAccessor';
const VIEWER = '--member=user:a@example.com --role=roles/storage.objectViewer';

const projects: Row[] = [
  {
    run: 'services enable secretmanager.googleapis.com iam.googleapis.com',
    err: /^Operation "operations\/.+" finished successfully\.$/m,
  },
  {
    run: 'services list --enabled --filter=config.name:secretmanager --format=value(config.name)',
    out: 'secretmanager.googleapis.com',
  },
  {
    run: 'services list --available --filter=config.name=run.googleapis.com --format=value(config.name)',
    out: 'run.googleapis.com',
  },
  { run: 'services enable nothing.googleapis.com', status: 1, err: /PERMISSION_DENIED|NOT_FOUND/ },
  { run: 'projects describe $P --format=json', out: { projectId: '$P', projectNumber: '$N', lifecycleState: 'ACTIVE' } },
  { run: 'projects list --format=value(projectId)', out: '$P' },
  { run: 'projects get-iam-policy $P --format=json', out: { version: 1, etag: /^[\w+/-]+=*$/ } },
  { run: 'billing projects describe $P --format=json', out: { billingEnabled: true, projectId: '$P' } },
];

const accounts: Row[] = [
  { run: 'iam service-accounts create robot --display-name=Robot', status: 1, err: /does not have a length between 6 and 30/ },
  { run: 'iam service-accounts create robot-one --display-name=Robot', err: /^Created service account \[robot-one\]\.$/m },
  { run: 'iam service-accounts create robot-one', status: 1, err: /already exists/ },
  { run: `iam service-accounts describe ${SA} --format=json`, out: { email: SA, displayName: 'Robot', projectId: '$P' } },
  { run: `iam service-accounts list --filter=email=${SA} --format=value(displayName,disabled)`, out: /^Robot\s+False$/ },
  { run: `iam service-accounts update ${SA} --description=mine`, out: /^description: mine$/m, err: /^Updated serviceAccount/m },
  { run: `iam service-accounts disable ${SA}`, err: /^Disabled service account/m },
  { run: `iam service-accounts describe ${SA} --format=value(disabled)`, out: 'True' },
  { run: `iam service-accounts enable ${SA}`, err: /^Enabled service account/m },
  {
    run: `projects add-iam-policy-binding $P --member=serviceAccount:${SA} --role=roles/storage.admin --format=json`,
    out: /"roles\/storage\.admin"/,
    err: /^Updated IAM policy for project \[.+\]\.$/m,
  },
  {
    run: `projects get-iam-policy $P --flatten=bindings[].members --filter=bindings.role=roles/storage.admin --format=value(bindings.members)`,
    out: `serviceAccount:${SA}`,
  },
  {
    run: `projects remove-iam-policy-binding $P --member=serviceAccount:${SA} --role=roles/storage.admin --format=json`,
    out: /^(?![\s\S]*storage\.admin)/,
  },
  {
    run: `iam service-accounts keys create key.json --iam-account=${SA}`,
    err: /^created key \[[0-9a-f]{40}\] of type \[json\]/m,
  },
  {
    run: `iam service-accounts keys list --iam-account=${SA} --managed-by=user --format=value(name.basename())`,
    out: /^[0-9a-f]{40}\s*$/,
    keep: 'KEY',
  },
  { run: `iam service-accounts keys delete $KEY --iam-account=${SA}`, err: /^deleted key/m },
  {
    run: `iam service-accounts add-iam-policy-binding ${SA} --member=user:a@example.com --role=roles/iam.serviceAccountTokenCreator --format=json`,
    out: { bindings: [{ role: 'roles/iam.serviceAccountTokenCreator', members: ['user:a@example.com'] }] },
  },
  { run: `iam service-accounts get-iam-policy ${SA} --format=value(bindings.role)`, out: 'roles/iam.serviceAccountTokenCreator' },
  { run: `auth print-access-token --impersonate-service-account=${SA}`, out: /^\S{20,}$/, err: /service account impersonation/ },
  { run: 'iam roles describe roles/run.invoker --format=json', out: { name: 'roles/run.invoker', title: 'Run Invoker' } },
  { run: 'iam roles list --project=$P', err: /^Listed 0 items\.$/m },
  { run: `iam service-accounts delete ${SA}`, err: /^deleted service account/m },
  { run: `iam service-accounts describe ${SA}`, status: 1, err: /NOT_FOUND/ },
  { run: 'iam service-accounts list', err: /^Listed 0 items\.$/m },
];

const secrets: Row[] = [
  { run: 'secrets create pw --data-file=- --labels=a=b', input: 'hush', err: /^Created version \[1\] of the secret \[pw\]\.$/m },
  { run: 'secrets create pw --replication-policy=automatic', status: 1, err: /already exists/ },
  { run: 'secrets versions add pw --data-file=-', input: 'hush again', err: /^Created version \[2\] of the secret \[pw\]\.$/m },
  { run: 'secrets versions list pw --format=value(name,state)', out: /^2\s+enabled\s+1\s+enabled$/ },
  { run: 'secrets versions access latest --secret=pw', out: 'hush again' },
  { run: 'secrets versions access 1 --secret=pw', out: 'hush' },
  { run: 'secrets versions disable 1 --secret=pw', err: /^Disabled version \[1\]/m },
  { run: 'secrets versions access 1 --secret=pw', status: 1, err: /FAILED_PRECONDITION: .*is in DISABLED state/ },
  { run: 'secrets versions enable 1 --secret=pw', err: /^Enabled version \[1\]/m },
  { run: 'secrets versions destroy 1 --secret=pw', err: /^Destroyed version \[1\]/m },
  { run: 'secrets versions describe 1 --secret=pw --format=value(state)', out: 'DESTROYED' },
  {
    run: `secrets add-iam-policy-binding pw ${READER} --format=json`,
    out: { bindings: [{ members: ['user:a@example.com'], role: 'roles/secretmanager.secretAccessor' }] },
    err: /^Updated IAM policy for secret \[pw\]\.$/m,
  },
  { run: `secrets remove-iam-policy-binding pw ${READER} --format=value(bindings)`, out: '' },
  { run: 'secrets update pw --update-labels=c=d', err: /^Updated secret \[pw\]\.$/m },
  {
    run: 'secrets describe pw --format=json',
    out: { name: 'projects/$N/secrets/pw', labels: { a: 'b', c: 'd' }, replication: { automatic: {} } },
  },
  { run: 'secrets list --filter=labels.c=d --format=value(name)', out: 'pw' },
  { run: 'secrets delete pw', err: /^Deleted secret \[pw\]\.$/m },
  { run: 'secrets describe pw', status: 1, err: /NOT_FOUND: Secret \[projects\/\d+\/secrets\/pw\] not found/ },
  { run: 'secrets list', err: /^Listed 0 items\.$/m },
];

const storage: Row[] = [
  {
    run: `storage buckets create ${BUCKET} --location=us-central1 --uniform-bucket-level-access --public-access-prevention`,
    err: /^Creating gs:/m,
  },
  { run: `storage buckets create ${BUCKET} --location=us-central1`, status: 1, err: /HTTPError 409/ },
  {
    run: `storage buckets describe ${BUCKET} --format=json`,
    out: {
      name: '$P-one',
      location: 'US-CENTRAL1',
      location_type: 'region',
      public_access_prevention: 'enforced',
      uniform_bucket_level_access: true,
      metageneration: 1,
    },
  },
  { run: `storage buckets update ${BUCKET} --versioning --update-labels=a=b`, err: /^Updating gs:/m },
  { run: 'storage buckets list --format=value(name,versioning_enabled)', out: /^\S+-one\s+True$/ },
  { run: `storage cp small.txt ${BUCKET}/d/small.txt`, err: /Copying file:/ },
  { run: `storage cp large.bin ${BUCKET}/large.bin`, err: /Copying file:/ },
  { run: `storage cp ${BUCKET}/large.bin back.bin`, err: /Copying gs:/ },
  { run: `storage cp small.txt ${BUCKET}/packed.txt --gzip-in-flight=txt` },
  { run: `storage cat ${BUCKET}/packed.txt`, out: 'hello there' },
  { run: `storage ls ${BUCKET}`, out: /^gs:\/\/\S+\/large\.bin\ngs:\/\/\S+\/packed\.txt\ngs:\/\/\S+\/d\/$/ },
  { run: `storage ls --long --recursive ${BUCKET}`, out: /TOTAL: 3 objects, 40000024 bytes \(38\.15MiB\)/ },
  { run: `storage mv ${BUCKET}/d/small.txt ${BUCKET}/e/small.txt`, err: /Removing gs:/ },
  {
    run: `storage objects describe ${BUCKET}/e/small.txt --format=json`,
    out: {
      bucket: '$P-one',
      name: 'e/small.txt',
      size: 12,
      content_type: 'text/plain',
      storage_class: 'STANDARD',
      metageneration: 1,
    },
  },
  { run: `storage objects update ${BUCKET}/e/small.txt --content-type=text/css`, err: /Patching gs:/ },
  { run: `storage objects describe ${BUCKET}/e/small.txt --format=value(content_type,metageneration)`, out: /^text\/css\s+2$/ },
  { run: `storage cp ${BUCKET}/e/small.txt ${BUCKET}/copy.txt`, err: /Copying gs:/ },
  { run: `storage hash ${BUCKET}/copy.txt --format=value(digest_format)`, out: 'base64' },
  { run: `storage du --summarize ${BUCKET}`, out: /^4000\d+\s+gs:/ },
  { run: `storage rsync --recursive ${BUCKET} synchronised`, err: /Copying gs:/ },
  {
    run: `storage buckets add-iam-policy-binding ${BUCKET} ${VIEWER} --format=json`,
    out: { kind: 'storage#policy', resourceId: 'projects/_/buckets/$P-one' },
  },
  { run: `storage buckets get-iam-policy ${BUCKET} --format=json`, out: /"roles\/storage\.objectViewer"/ },
  { run: `storage buckets remove-iam-policy-binding ${BUCKET} ${VIEWER} --format=json`, out: /^(?![\s\S]*objectViewer)/ },
  { run: `storage rm ${BUCKET}/copy.txt`, err: /Removing gs:/ },
  { run: `storage cat ${BUCKET}/copy.txt`, status: 1, err: /matched no objects|not found/i },
  { run: `storage buckets delete ${BUCKET}`, status: 1, err: /Bucket is not empty/ },
  { run: `storage rm --recursive ${BUCKET}`, err: /Removing buckets/ },
  { run: 'storage buckets list --format=value(name)', out: '' },
];

/** Services, projects, accounts and roles, secrets, buckets and objects. */
export const identityAndStorage: Row[] = [...projects, ...accounts, ...secrets, ...storage];

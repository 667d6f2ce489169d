import { jobs } from './jobs.ts';
import { REGION, type Row } from './row.ts';

const IN = `--region=${REGION}`;
const REPO = `${REGION}-docker.pkg.dev/$P/repo`;
const SQL_URL = 'https://sqladmin\\.googleapis\\.com/sql/v1beta4/projects/\\S+/instances/db1';

const database: Row[] = [
  {
    run: 'services enable sqladmin.googleapis.com artifactregistry.googleapis.com cloudbuild.googleapis.com run.googleapis.com compute.googleapis.com',
  },
  {
    run: `sql instances create db1 --database-version=POSTGRES_17 --tier=db-f1-micro --edition=enterprise ${IN} --root-password=hush --format=json`,
    out: { connectionName: `$P:${REGION}:db1`, state: 'RUNNABLE', databaseVersion: 'POSTGRES_17' },
    err: new RegExp(`Created \\[${SQL_URL}\\]`),
  },
  {
    run: `sql instances create db1 --database-version=POSTGRES_17 --tier=db-f1-micro --edition=enterprise ${IN}`,
    status: 1,
    err: /already exists/,
  },
  {
    run: 'sql instances describe db1 --format=value(state,connectionName,settings.tier)',
    out: new RegExp(`^RUNNABLE\\s+\\S+:${REGION}:db1\\s+db-f1-micro$`),
  },
  { run: 'sql instances list --format=value(name,databaseVersion,state)', out: /^db1\s+POSTGRES_17\s+RUNNABLE$/ },
  { run: 'sql instances patch db1 --backup-start-time=03:00', err: new RegExp(`Updated \\[${SQL_URL}\\]`) },
  {
    run: 'sql instances describe db1 --format=value(settings.backupConfiguration.enabled,settings.backupConfiguration.startTime)',
    out: /^True\s+03:00$/,
  },
  { run: 'sql databases create mlflow --instance=db1', err: /^Created database \[mlflow\]\.$/m },
  { run: 'sql databases list --instance=db1 --format=value(name,charset)', out: /^mlflow\s+UTF8\npostgres\s+UTF8$/ },
  {
    run: 'sql databases describe mlflow --instance=db1 --format=json',
    out: { kind: 'sql#database', name: 'mlflow', instance: 'db1', collation: 'en_US.UTF8' },
  },
  { run: 'sql users create mlflow --instance=db1 --password=x', err: /^Created user \[mlflow\]\.$/m },
  { run: 'sql users set-password mlflow --instance=db1 --password=y', err: /Updating Cloud SQL user/ },
  { run: 'sql users list --instance=db1 --format=value(name,type)', out: /^mlflow\s+BUILT_IN\npostgres\s+BUILT_IN$/ },
  {
    run: 'sql ssl client-certs create c1 client-key.pem --instance=db1',
    out: /^c1\s+[0-9a-f]{40}\s/m,
    err: new RegExp(`Created \\[${SQL_URL}/sslCerts/[0-9a-f]{40}\\]`),
  },
  {
    run: 'sql ssl client-certs describe c1 --instance=db1 --format=json',
    out: { kind: 'sql#sslCert', commonName: 'c1', instance: 'db1' },
  },
  { run: 'sql ssl client-certs delete c1 --instance=db1', err: /Deleted \[/ },
  { run: 'sql ssl server-ca-certs list --instance=db1 --format=value(sha1_fingerprint)', out: /^[0-9a-f]{40}$/ },
  { run: 'sql operations list --instance=db1 --filter=operationType=CREATE_DATABASE --format=value(status)', out: 'DONE' },
  { run: 'sql backups create --instance=db1', err: /backed up\.$/m },
  { run: 'sql backups list --instance=db1 --format=value(id,status)', out: /^\d+\s+SUCCESSFUL$/ },
  { run: 'sql backups list --instance=db1 --format=value(id)', out: /^\d+$/, keep: 'BACKUP' },
  {
    run: 'sql backups describe $BACKUP --instance=db1 --format=json',
    out: { kind: 'sql#backupRun', id: '$BACKUP', instance: 'db1', status: 'SUCCESSFUL', type: 'ON_DEMAND' },
  },
  { run: 'sql databases create later --instance=db1', err: /^Created database \[later\]\.$/m },
  { run: 'sql backups restore $BACKUP --restore-instance=db1', err: new RegExp(`Restored \\[${SQL_URL}\\]`) },
  { run: 'sql databases list --instance=db1 --format=value(name)', out: 'mlflow\npostgres' },
  {
    run: 'sql instances clone db1 db2 --format=value(name,state)',
    out: /^db2\s+RUNNABLE$/,
    err: /^Created \[\S+\/instances\/db2\]\.$/m,
  },
  { run: 'sql backups delete $BACKUP --instance=db1', err: /^Deleted backup run \[\d+\]\.$/m },
  { run: 'sql instances restart db1', err: /^Restarted \[/m },
  { run: 'sql users delete mlflow --instance=db1', err: /Deleting Cloud SQL user/ },
  { run: 'sql databases delete mlflow --instance=db1', err: /^Deleted database \[mlflow\]\.$/m },
  {
    run: 'sql instances delete db1 --enable-final-backup --final-backup-retention-days=7 --final-backup-description=last',
    err: /^Deleted \[/m,
  },
  {
    run: 'sql backups list --filter=instance:db1 --format=value(type,state,description)',
    out: /^FINAL\s+SUCCESSFUL\s+last$/,
  },
  {
    run: 'sql backups list --filter=type:FINAL --format=value(name)',
    out: /^projects\/\S+\/backups\/[0-9a-f-]{36}$/,
    keep: 'FINAL',
  },
  { run: 'sql backups describe $FINAL --format=json', out: { kind: 'sql#backup', instance: 'db1', type: 'FINAL' } },
  { run: 'sql backups restore $FINAL --restore-instance=db3 --tier=db-g1-small', err: /Restored \[\S+\/instances\/db3\]/ },
  { run: 'sql instances describe db3 --format=value(state,settings.tier)', out: /^RUNNABLE\s+db-g1-small$/ },
  { run: 'sql backups delete $FINAL', err: /^Deleted backup \[\S+\]\.$/m },
  { run: 'sql backups list', err: /^Listed 0 items\.$/m },
  { run: 'sql instances delete db2', err: /^Deleted \[/m },
  { run: 'sql instances delete db3', err: /^Deleted \[/m },
  {
    run: `sql instances create db1 --database-version=POSTGRES_17 --tier=db-f1-micro --edition=enterprise ${IN}`,
    status: 1,
    err: /can't reuse the name of the deleted instance until one week/,
  },
  { run: 'sql instances list', err: /^Listed 0 items\.$/m },
];

const images: Row[] = [
  {
    run: `artifacts repositories create repo --repository-format=docker --location=${REGION} --description=images`,
    err: /^Created repository \[repo\]\.$/m,
  },
  {
    run: `artifacts repositories describe repo --location=${REGION} --format=json`,
    out: {
      name: `projects/$P/locations/${REGION}/repositories/repo`,
      format: 'DOCKER',
      description: 'images',
      registryUri: REPO,
    },
  },
  { run: 'artifacts repositories list --format=value(name.basename(),format)', out: /^repo\s+DOCKER$/ },
  {
    run: `artifacts repositories add-iam-policy-binding repo --location=${REGION} --member=user:a@example.com --role=roles/artifactregistry.reader --format=json`,
    out: { bindings: [{ role: 'roles/artifactregistry.reader' }] },
  },
  {
    run: `builds submit source --tag ${REPO}/image:v1 ${IN}`,
    out: /REMOTE BUILD OUTPUT[\s\S]*FETCHSOURCE[\s\S]*v1: digest: sha256:[0-9a-f]{64}[\s\S]*SUCCESS$/,
    err: /^Created \[https:\/\/cloudbuild\.googleapis\.com\/v1\/projects\/.+\]\.$/m,
  },
  { run: `builds list ${IN} --format=value(id,status)`, out: /^[0-9a-f-]{36}\s+SUCCESS$/ },
  { run: `builds list ${IN} --format=value(id)`, out: /^[0-9a-f-]{36}$/, keep: 'BUILD' },
  {
    run: `builds describe $BUILD ${IN} --format=json`,
    out: {
      id: '$BUILD',
      status: 'SUCCESS',
      projectId: '$P',
      images: [`${REPO}/image:v1`],
      results: { images: [{ name: `${REPO}/image:v1` }] },
    },
  },
  { run: `builds log $BUILD ${IN}`, out: /starting build "[0-9a-f-]{36}"[\s\S]*DONE/ },
  { run: `builds submit small.txt --no-source --tag ${REPO}/image:v1`, status: 2 },
  { run: `artifacts docker images list ${REPO} --include-tags --format=value(package,tags)`, out: /^\S+\/repo\/image\s+v1$/ },
  {
    run: `artifacts docker images describe ${REPO}/image:v1 --format=json`,
    out: { image_summary: { repository: 'repo', digest: /^sha256:/ } },
  },
  { run: `artifacts docker tags list ${REPO}/image --format=value(tag)`, out: /(^|\/)v1$/ },
];

const server: Row[] = [
  {
    run: `run deploy web --image ${REPO}/image:v1 ${IN} --allow-unauthenticated`,
    err: /Setting IAM Policy\.+done[\s\S]*Creating Revision\.+done[\s\S]*Routing traffic\.+done[\s\S]*has been deployed and is serving/,
  },
  {
    run: `run services describe web ${IN} --format=json`,
    out: {
      kind: 'Service',
      metadata: { name: 'web', namespace: '$N', generation: 1 },
      status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }, { status: 'True' }, { status: 'True' }] },
    },
  },
  { run: 'run services list --format=value(metadata.name,status.conditions[0].status)', out: /^web\s+True$/ },
  { run: `run services update web ${IN} --update-env-vars=A=b`, err: /web-00002-\w+/ },
  {
    run: `run services describe web ${IN} --format=value(spec.template.spec.containers[0].env)`,
    out: /'name': 'A', 'value': 'b'/,
  },
  {
    run: `run revisions list --service=web ${IN} --sort-by=metadata.creationTimestamp --format=value(metadata.name)`,
    out: /^web-00001-\w+\nweb-00002-\w+$/,
  },
  {
    run: `run revisions list --service=web ${IN} --filter=metadata.name~00001 --format=value(metadata.name)`,
    out: /^web-00001/,
    keep: 'FIRST',
  },
  {
    run: `run services update-traffic web ${IN} --to-revisions=$FIRST=100 --format=value(status.traffic[0].revisionName)`,
    err: /Routing traffic\.+done/,
  },
  {
    run: `run services add-iam-policy-binding web ${IN} --member=user:a@example.com --role=roles/run.invoker --format=json`,
    out: { bindings: [{ members: ['allUsers', 'user:a@example.com'], role: 'roles/run.invoker' }] },
  },
  { run: `run services get-iam-policy web ${IN} --format=value(bindings.role)`, out: 'roles/run.invoker' },
  {
    run: `run services remove-iam-policy-binding web ${IN} --member=allUsers --role=roles/run.invoker --format=json`,
    out: { bindings: [{ members: ['user:a@example.com'] }] },
  },
  {
    run: `run deploy bad --image ${REPO}/missing:v1 ${IN} --no-allow-unauthenticated`,
    status: 1,
    err: /Revision 'bad-00001-\w+' is not ready and cannot serve traffic\. Image '.+' not found/,
  },
  {
    run: `run deploy built --source source ${IN} --no-allow-unauthenticated`,
    err: /Uploading sources\.+[\s\S]*Building Container\.+done[\s\S]*Creating Revision\.+done[\s\S]*has been deployed/,
  },
  { run: `run services describe nothing ${IN}`, status: 1, err: /Cannot find service \[nothing\]/ },
  {
    run: `run services proxy nothing ${IN} --port=18085`,
    status: 1,
    err: /Cannot find service|could not be found|component/,
  },
  { run: `run revisions describe $FIRST ${IN} --format=json`, out: { kind: 'Revision', metadata: { name: '$FIRST' } } },
  { run: `run services update-traffic web ${IN} --to-latest`, err: /Routing traffic\.+done/ },
  { run: `run revisions delete $FIRST ${IN}`, err: /^Deleted revision/m },
];

const end: Row[] = [
  ...['web', 'bad', 'built'].map((name) => ({
    run: `run services delete ${name} ${IN}`,
    err: new RegExp(`^Deleted service \\[${name}\\]\\.$`, 'm'),
  })),
  { run: 'run services list', err: /^Listed 0 items\.$/m },
  { run: `artifacts docker images delete ${REPO}/image:v1 --delete-tags`, err: /Delete request issued/ },
  { run: `artifacts docker images list ${REPO}`, err: /^Listed 0 items\.$/m },
  { run: `artifacts repositories delete repo --location=${REGION}`, err: /^Deleted repository \[repo\]\.$/m },
  { run: `artifacts repositories delete cloud-run-source-deploy --location=${REGION}`, err: /^Deleted repository/m },
  { run: 'artifacts repositories list', err: /^Listed 0 items\.$/m },
  { run: `storage rm --recursive gs://$P_cloudbuild gs://run-sources-$P-${REGION}`, err: /Removing buckets/ },
  { run: 'storage buckets list --format=value(name)', out: '' },
];

/** Cloud SQL, Artifact Registry, Cloud Build and Cloud Run. */
export const databaseAndServer: Row[] = [...database, ...images, ...server, ...jobs, ...end];

import { REGION, type Row } from './row.ts';

const IN = `--region=${REGION}`;
const REPO = `${REGION}-docker.pkg.dev/$P/repo`;

/** Jobs of Cloud Run over an image that is there. */
export const jobs: Row[] = [
  {
    run: `run jobs create job1 --image ${REPO}/image:v1 ${IN} --tasks=2 --set-env-vars=A=b`,
    err: /Creating job\.+[\s\S]*has successfully been created/,
  },
  {
    run: `run jobs describe job1 ${IN} --format=json`,
    out: { kind: 'Job', metadata: { name: 'job1' }, spec: { template: { spec: { taskCount: 2 } } } },
  },
  { run: `run jobs update job1 ${IN} --max-retries=1`, err: /has successfully been updated/ },
  { run: `run jobs execute job1 ${IN} --wait`, err: /Running execution\.+done[\s\S]*has successfully completed/ },
  { run: `run jobs executions list --job=job1 ${IN} --format=value(metadata.name,status.succeededCount)`, out: /^job1-\w+\s+2$/ },
  { run: `run jobs executions list --job=job1 ${IN} --format=value(metadata.name)`, out: /^job1-\w+$/, keep: 'EXECUTION' },
  {
    run: `run jobs executions tasks list --execution=$EXECUTION ${IN} --format=value(index,running_state)`,
    out: /^0\s+Succeeded\n1\s+Succeeded$/,
  },
  {
    run: `run jobs add-iam-policy-binding job1 ${IN} --member=user:a@example.com --role=roles/run.invoker --format=value(bindings.role)`,
    out: 'roles/run.invoker',
  },
  {
    run: `run jobs create job2 --image ${REPO}/missing:v1 ${IN}`,
    err: /has successfully been created/,
  },
  { run: `run jobs execute job2 ${IN} --wait`, status: 1, err: /Image '.+' not found|execution failed/ },
  { run: `run jobs delete job2 ${IN}`, err: /^Deleted job/m },
  { run: `run jobs executions describe $EXECUTION ${IN} --format=value(status.succeededCount)`, out: '2' },
  { run: `run jobs executions cancel $EXECUTION ${IN}`, status: 1, err: /already completed|cannot be cancelled/ },
  { run: `run jobs executions delete $EXECUTION ${IN}`, err: /^Deleted execution/m },
  { run: `run jobs delete job1 ${IN}`, err: /^Deleted job/m },
  { run: `run jobs list ${IN}`, err: /^Listed 0 items\.$/m },
];

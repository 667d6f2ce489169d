import type { Tokens } from '../../../src/project/render.ts';

/** A value for every token that the templates have, as a deployment in the cloud would give them. */
export const TOKENS: Tokens = {
  name: 'mlflow',
  project: 'example-project-1',
  region: 'europe-west1',
  image: 'europe-west1-docker.pkg.dev/example-project-1/mlflow/mlflow',
  buildBucket: 'example-project-1-mlflow-build',
  buildServiceAccount: 'mlflow-build@example-project-1.iam.gserviceaccount.com',
  serviceAccount: 'mlflow@example-project-1.iam.gserviceaccount.com',
  sqlInstance: 'example-project-1:europe-west1:mlflow-1',
  labels: '{"managed-by":"mlflow-gcp","mlflow-gcp-name":"mlflow"}',
  ingress: 'all',
  invokerUnchecked: 'true',
  minInstances: '0',
  maxInstances: '1',
  memory: '1Gi',
  cpu: '1000m',
  allowedHosts:
    'mlflow-123456789012.europe-west1.run.app,*---mlflow-123456789012.europe-west1.run.app,mlflow-??????????-?*.a.run.app,*---mlflow-??????????-?*.a.run.app',
  allowedOrigins: 'https://mlflow-123456789012.europe-west1.run.app',
  'secretVersions.artifact_url': '1',
  'secretVersions.database_url': '2',
  'secretVersions.tracking_username': '3',
  'secretVersions.tracking_password': '4',
  'secretVersions.tracking_url': '5',
  url: 'https://mlflow-123456789012.europe-west1.run.app',
  bucket: 'example-project-1-mlflow-artifacts',
};

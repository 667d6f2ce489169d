import { DEPLOYMENT_NAME, PROJECT_ID, REGION } from '../project/name-rules.ts';

/**
 * Whether this can be a project id: true, or what is expected. Numbers get their own word, as gcloud shows both.
 * https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects
 */
export function checkProjectId(text: string): true | string {
  if (PROJECT_ID.test(text)) return true;
  if (/^\d+$/.test(text)) return 'that is a project number; expected the project id, as `gcloud projects list` shows it';
  return 'expected a project id: 6 to 30 lower-case letters, digits and hyphens, with a letter first, such as my-project-123';
}

/** Whether this has the form of a region: true, or what is expected. A zone or a multi-region gets its own word. */
export function checkRegion(text: string): true | string {
  if (REGION.test(text)) return true;
  const zone = /^([a-z]+(?:-[a-z]+)+\d{1,2})-[a-z]$/.exec(text);
  if (zone) return `that is a zone; expected its region, ${zone[1]}`;
  if (['us', 'eu', 'asia'].includes(text.toLowerCase()))
    return 'that is a multi-region; expected one region, such as us-central1';
  return 'expected a Google Cloud region, such as us-central1 or europe-west1';
}

/** Whether a deployment can be called so: true, or what is expected. Every resource name is made from it. */
export function checkName(text: string): true | string {
  if (!DEPLOYMENT_NAME.test(text)) {
    return 'expected up to 23 lower-case letters, digits and hyphens, with a letter first and no hyphen at the end, such as mlflow';
  }
  // Bucket names are made from it, and may not contain the word: https://docs.cloud.google.com/storage/docs/buckets#naming
  return text.includes('google') ? 'a name may not contain "google", because Cloud Storage refuses such bucket names' : true;
}

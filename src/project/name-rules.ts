// The forms that Google accepts. Apart from the schema, because the options of --help check by them without loading it.

/** Google's rule for project ids, with the old `example.com:app` form (https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects). */
export const PROJECT_ID = /^(?:[a-z][a-z0-9.-]{0,61}[a-z0-9]:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
export const REGION = /^[a-z]+(?:-[a-z]+)+\d{1,2}$/;
/** Service account ids are `NAME-server` and may have 30 characters, Cloud Run wants a letter in front; the rest follows. */
export const DEPLOYMENT_NAME = /^[a-z](?:[a-z0-9-]{0,21}[a-z0-9])?$/;
/** https://docs.cloud.google.com/storage/docs/buckets#naming */
export const BUCKET_NAME = /^(?!goog)(?!.*google)[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]$/;
/** https://docs.cloud.google.com/sql/docs/postgres/create-instance */
export const SQL_INSTANCE_NAME = /^[a-z][a-z0-9-]{0,83}$/;
/** https://docs.cloud.google.com/artifact-registry/docs/repositories/create-repos */
export const REPOSITORY_NAME = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** An email, or the id that one of the project has in front of it. https://docs.cloud.google.com/iam/docs/service-accounts-create */
export const SERVICE_ACCOUNT = /^(?:[a-z][a-z0-9-]{4,28}[a-z0-9]|[a-z0-9-]{1,63}@[a-z0-9.-]+\.gserviceaccount\.com)$/;
/** Shared-core tiers, custom ones and the predefined ones (https://docs.cloud.google.com/sql/docs/postgres/machine-series-overview). */
export const SQL_TIER = /^db-(?:f1-micro|g1-small|custom-\d+-\d+|perf-optimized-N-\d+|n1-(?:standard|highmem)-\d+)$/;
export const CPU = /^(?:[1248]|[1-9]\d{2,3}m)$/;
export const MEMORY = /^\d+(?:Mi|Gi)$/;
/** Whoever may be given a role by name. https://docs.cloud.google.com/iam/docs/principal-identifiers */
export const MEMBER =
  /^(?:(?:user|group|serviceAccount):[^@\s:]+@[^@\s]+\.[^@\s]+|principal(?:Set)?:\/\/iam\.googleapis\.com\/\S+)$/;
/** https://docs.github.com/en/repositories/creating-and-managing-repositories */
export const GITHUB_REPOSITORY = /^[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
/** Of the names that git allows, those that need no quoting anywhere. https://git-scm.com/docs/git-check-ref-format */
export const GIT_BRANCH = /^(?![-./])(?!.*(?:\.\.|\/\/|\/\.))[A-Za-z0-9._/-]{1,200}(?<![./])$/;
export const IDENTIFIER = /^[a-z_][a-z0-9_-]{0,62}$/;

import {
  BUCKET_NAME,
  CPU,
  MEMORY,
  REPOSITORY_NAME,
  SERVICE_ACCOUNT,
  SQL_INSTANCE_NAME,
  SQL_TIER,
} from '../../project/name-rules.ts';

type Verdict = true | string;

/** https://docs.cloud.google.com/sql/docs/postgres/machine-series-overview */
export function checkTier(text: string): Verdict {
  const custom = /^db-custom-(\d+)-(\d+)$/.exec(text);
  if (custom) return checkCustomTier(Number(custom[1]), Number(custom[2]));
  return SQL_TIER.test(text) || 'expected a Cloud SQL machine, such as db-f1-micro, db-g1-small or db-custom-2-7680';
}

/** Google's rules for CPUs and memory (MiB) of custom machines: https://docs.cloud.google.com/sql/docs/postgres/create-instance#machine-types */
function checkCustomTier(cpus: number, mebibytes: number): Verdict {
  if (cpus !== 1 && (cpus % 2 !== 0 || cpus < 2 || cpus > 96)) return 'expected 1 CPU or an even number of them up to 96';
  if (mebibytes % 256 !== 0 || mebibytes < 3840) return 'expected memory in MiB, a multiple of 256 and at least 3840';
  if (mebibytes < cpus * 0.9 * 1024 || mebibytes > cpus * 6.5 * 1024) return 'expected 0.9 to 6.5 GiB of memory for each CPU';
  return true;
}

export function checkBucket(text: string): Verdict {
  return (
    BUCKET_NAME.test(text) ||
    'expected a bucket name: 3 to 63 lower-case letters, digits, hyphens, dots and underscores, without "google" or "goog" in front'
  );
}

export function checkSqlInstance(text: string): Verdict {
  return (
    SQL_INSTANCE_NAME.test(text) ||
    'expected a Cloud SQL instance name: lower-case letters, digits and hyphens, with a letter first'
  );
}

export function checkRepository(text: string): Verdict {
  return REPOSITORY_NAME.test(text) || 'expected a repository name: lower-case letters, digits and hyphens, with a letter first';
}

export function checkServiceAccount(text: string): Verdict {
  return (
    SERVICE_ACCOUNT.test(text) ||
    'expected a service account: its id in the project (6 to 30 lower-case letters, digits and hyphens), or its email'
  );
}

export function checkMemory(text: string): Verdict {
  return MEMORY.test(text) || 'expected an amount of memory, such as 1Gi or 512Mi';
}

export function checkCpu(text: string): Verdict {
  return CPU.test(text) || 'expected 1, 2, 4 or 8 CPUs, or thousandths such as 500m';
}

/** Basic authentication splits at the first colon: https://www.rfc-editor.org/rfc/rfc7617#section-2 */
export function checkUsername(text: string): Verdict {
  return /^[\x21-\x39\x3b-\x7e]{1,128}$/.test(text) || 'expected a user name without spaces and colons';
}

/** Lines and control characters cannot go into a header; eight characters are little enough. */
export function checkPassword(text: string): Verdict {
  if (/\p{Cc}/u.test(text)) return 'a password may not hold line breaks or other control characters';
  return text.length >= 8 || 'expected a password of at least 8 characters';
}

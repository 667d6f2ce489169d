import { readFileSync } from 'node:fs';
import { UserError } from '../../../errors.ts';

/** The user that PostgreSQL runs as; undefined: the one that we are. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

// In this order: the first is there for databases on many machines, the second for those who own nothing, the third is in every base system.
const CANDIDATES = ['postgres', 'nobody', 'daemon'];

/**
 * PostgreSQL refuses to run as root. For root this is an unprivileged user that the machine already has (initdb wants one with a name);
 * for everybody else it is undefined.
 */
export function databaseAccount(
  uid: number | undefined,
  passwd: () => string = () => readFileSync('/etc/passwd', 'utf8'),
): Account | undefined {
  if (uid !== 0) return undefined;
  const accounts = passwd()
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , id, group]) => ({ name: name ?? '', uid: Number(id), gid: Number(group) }));
  for (const candidate of CANDIDATES) {
    const found = accounts.find((account) => account.name === candidate && account.uid > 0 && account.gid > 0);
    if (found !== undefined) return found;
  }
  throw new UserError({
    code: 'LOCAL_NO_DATABASE_USER',
    message: `PostgreSQL refuses to run as root, and this machine has none of the users ${CANDIDATES.join(', ')} to run it as.`,
    hint: 'Run mlflow-gcp as an ordinary user.',
  });
}

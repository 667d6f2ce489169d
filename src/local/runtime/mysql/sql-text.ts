import { UserError } from '../../../errors.ts';

/** The operator's own user; nobody else's may be called so. */
export const ADMIN = 'cloudsqladmin';
const SYSTEM_USERS = [ADMIN, 'mariadb.sys', 'mysql.sys', 'mysql.session', 'mysql.infoschema', ''];

/** An identifier in SQL. https://dev.mysql.com/doc/refman/8.4/en/identifiers.html */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A string in SQL, safe as long as backslashes escape, which is MySQL's default. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\0', '\\0')}'`;
}

/** A user with the place that it may come from. */
export function account(user: string, host: string): string {
  return `${literal(user)}@${literal(host)}`;
}

/** The word of a character set or collation, which stands in SQL as it is. Throws a {@link UserError} for anything else. */
export function word(text: string): string {
  if (/^\w{1,64}$/.test(text)) return text;
  throw nameRefused('character set or collation', text, 'letters, digits and underscores');
}

/** Throws for a name that MySQL does not take, or that belongs to the operator. https://dev.mysql.com/doc/refman/8.4/en/identifier-length.html */
export function checkName(kind: 'database' | 'user', name: string): void {
  const longest = kind === 'user' ? 32 : 64;
  const reserved = kind === 'user' && SYSTEM_USERS.includes(name);
  const fits = [...name].length >= 1 && [...name].length <= longest && !name.includes('\0') && !name.endsWith(' ');
  if (!fits || reserved) throw nameRefused(kind, name, `1 to ${longest} characters that are not one of MySQL’s own`);
}

function nameRefused(kind: string, name: string, expected: string): UserError {
  return new UserError({
    code: 'LOCAL_DATABASE_NAME',
    message: `${JSON.stringify(name)} cannot be the name of a ${kind}.`,
    hint: `Choose a name of ${expected}.`,
  });
}

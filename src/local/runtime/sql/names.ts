import { UserError } from '../../../errors.ts';
import { ADMIN, SUPERUSER_ROLE } from './settings.ts';

/** An identifier in SQL: PostgreSQL takes any character in quotes but the zero byte. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string in SQL, safe whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}

/** Throws for a name that PostgreSQL would cut short (63 bytes), or that belongs to the operator. */
export function checkName(kind: 'database' | 'user', name: string): void {
  const reserved = name === ADMIN || name === SUPERUSER_ROLE || name.startsWith('pg_');
  const bytes = Buffer.byteLength(name);
  if (bytes >= 1 && bytes <= 63 && !name.includes('\0') && !reserved) return;
  throw new UserError({
    code: 'LOCAL_DATABASE_NAME',
    message: `${JSON.stringify(name)} cannot be the name of a ${kind}.`,
    hint: `Choose a name of 1 to 63 bytes that does not begin with pg_ and is neither ${ADMIN} nor ${SUPERUSER_ROLE}.`,
  });
}

/**
 * The options of CREATE DATABASE for a character set and a collation as sqladmin takes them. Cloud SQL has the C library's locales, this
 * machine may have none: ICU's, which come with PostgreSQL's programs, sort by the same rules. Nothing asked for: the instance's own, en_US.UTF8.
 */
export function localeOptions(charset: string | undefined, collation: string | undefined): string {
  const options = charset ? [`ENCODING ${literal(charset)}`] : [];
  if (collation && /^(C|POSIX)(\.utf-?8)?$/i.test(collation)) {
    options.push(`LOCALE_PROVIDER libc LOCALE 'C'`);
  } else if (collation) {
    const language = collation.replace(/[.@].*$/, '').replace('_', '-');
    options.push(`LOCALE_PROVIDER icu ICU_LOCALE ${literal(language)} LOCALE 'C'`);
  }
  return options.length === 0 ? '' : `TEMPLATE template0 ${options.join(' ')}`;
}

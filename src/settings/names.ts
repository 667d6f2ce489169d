import type { Option } from './option.ts';

/** `allowIp` → `--allow-ip` */
export function flagName(key: string): string {
  return `--${kebab(key)}`;
}

/** `allowIp` → `MLFLOW_GCP_ALLOW_IP`, or the option's own variable where it has one. */
export function envName(key: string, option?: Pick<Option<unknown>, 'variable'>): string {
  return option?.variable ?? `MLFLOW_GCP_${kebab(key).replaceAll('-', '_').toUpperCase()}`;
}

/** The flag as commander wants it and as `--help` shows it: `-y, --yes`, `--project <id>`, `--allow-ip <cidr...>`. */
export function flagSyntax(key: string, option: Option<unknown>): string {
  const long = option.short ? `-${option.short}, ${flagName(key)}` : flagName(key);
  if (option.kind === 'switch') return long;
  return `${long} <${option.placeholder ?? 'value'}${option.kind === 'list' ? '...' : ''}>`;
}

function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

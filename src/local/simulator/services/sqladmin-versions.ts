/** What Google installs for a major version, as its answers name it; new minor versions come several times a year. */
const INSTALLED: Record<string, { version: string; maintenance: string }> = {
  POSTGRES_9_6: { version: 'POSTGRES_9_6', maintenance: 'POSTGRES_9_6_24.R20250302.00_31' },
  POSTGRES_10: { version: 'POSTGRES_10_23', maintenance: 'POSTGRES_10_23.R20250302.00_31' },
  POSTGRES_11: { version: 'POSTGRES_11_22', maintenance: 'POSTGRES_11_22.R20250302.00_31' },
  POSTGRES_12: { version: 'POSTGRES_12_22', maintenance: 'POSTGRES_12_22.R20250302.00_31' },
  POSTGRES_13: { version: 'POSTGRES_13_20', maintenance: 'POSTGRES_13_20.R20250302.00_31' },
  POSTGRES_14: { version: 'POSTGRES_14_17', maintenance: 'POSTGRES_14_17.R20250302.00_31' },
  POSTGRES_15: { version: 'POSTGRES_15_7', maintenance: 'POSTGRES_15_7.R20240514.00_12' },
  POSTGRES_16: { version: 'POSTGRES_16_3', maintenance: 'POSTGRES_16_3.R20240527.01_10' },
  POSTGRES_17: { version: 'POSTGRES_17_6', maintenance: 'POSTGRES_17_6.R20251004.01_07' },
  POSTGRES_18: { version: 'POSTGRES_18_1', maintenance: 'POSTGRES_18_1.R20251204.01_05' },
  MYSQL_5_6: { version: 'MYSQL_5_6_51', maintenance: 'MYSQL_5_6_51.R20231105.01_03' },
  MYSQL_5_7: { version: 'MYSQL_5_7_44', maintenance: 'MYSQL_5_7_44.R20231105.01_03' },
  MYSQL_8_0: { version: 'MYSQL_8_0_41', maintenance: 'MYSQL_8_0_41.R20251004.01_07' },
  MYSQL_8_4: { version: 'MYSQL_8_4_6', maintenance: 'MYSQL_8_4_6.R20251004.01_07' },
};

/** Versions that can be made; the discovery document lists further ones that Google does not offer yet. */
const POSTGRES = [
  'POSTGRES_9_6',
  'POSTGRES_10',
  'POSTGRES_11',
  'POSTGRES_12',
  'POSTGRES_13',
  'POSTGRES_14',
  'POSTGRES_15',
  'POSTGRES_16',
  'POSTGRES_17',
  'POSTGRES_18',
];
const MYSQL_8_0_MINORS = [18, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 39, 40, 41, 42, 43, 44, 45, 46];
const MYSQL = [
  'MYSQL_5_6',
  'MYSQL_5_7',
  'MYSQL_8_0',
  ...MYSQL_8_0_MINORS.map((minor) => `MYSQL_8_0_${minor}`),
  'MYSQL_8_4',
  'MYSQL_9_7',
];

const from = (last: number): string[] => MYSQL_8_0_MINORS.filter((minor) => minor <= last).map((minor) => `MYSQL_8_0_${minor}`);

/** As Google lists them: an end-of-life version knows fewer minor versions, 8.0 its older ones too. */
const MYSQL_UPGRADES: Record<string, string[]> = {
  MYSQL_5_6: ['MYSQL_5_7'],
  MYSQL_5_7: ['MYSQL_8_0', ...from(37)],
  MYSQL_8_0: [...from(43).filter((name) => name !== INSTALLED['MYSQL_8_0']?.version), 'MYSQL_8_4'],
  ...Object.fromEntries(MYSQL_8_0_MINORS.map((minor) => [`MYSQL_8_0_${minor}`, [...after(minor), 'MYSQL_8_4']])),
};

function after(minor: number): string[] {
  return MYSQL_8_0_MINORS.filter((one) => one > minor && one <= 43).map((one) => `MYSQL_8_0_${one}`);
}

export function isPostgres(version: string): boolean {
  return version.startsWith('POSTGRES_');
}

/** SQL Server is not simulated. */
export function isOffered(version: string): boolean {
  return POSTGRES.includes(version) || MYSQL.includes(version);
}

/** From PostgreSQL 16 and MySQL 8.4 on, an instance without an edition is made as Enterprise Plus. */
export function defaultEdition(version: string): 'ENTERPRISE' | 'ENTERPRISE_PLUS' {
  const plus = isPostgres(version)
    ? POSTGRES.indexOf(version) >= POSTGRES.indexOf('POSTGRES_16')
    : MYSQL.indexOf(version) >= MYSQL.indexOf('MYSQL_8_4');
  return plus ? 'ENTERPRISE_PLUS' : 'ENTERPRISE';
}

export function installed(version: string): { version: string; maintenance: string } {
  return INSTALLED[version] ?? { version, maintenance: `${version}.R20251004.01_07` };
}

/** What an instance can be upgraded to in place, in Google's order. */
export function upgrades(version: string): Array<{ majorVersion: string; name: string; displayName: string }> {
  if (isPostgres(version)) {
    return POSTGRES.slice(Math.max(POSTGRES.indexOf(version), POSTGRES.indexOf('POSTGRES_9_6')) + 1).map((name) => ({
      majorVersion: name,
      name,
      displayName: displayName(name),
    }));
  }
  return (MYSQL_UPGRADES[version] ?? []).map((name) => ({
    majorVersion: name.startsWith('MYSQL_8_0') ? 'MYSQL_8_0' : name,
    name,
    displayName: displayName(name),
  }));
}

function displayName(name: string): string {
  const [engine, ...numbers] = name.split('_');
  return `${engine === 'MYSQL' ? 'MySQL' : 'PostgreSQL'} ${numbers.join('.')}`;
}

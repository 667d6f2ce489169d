import { expect, test } from 'vitest';
import { choicesOf, configSchema } from '../../src/project/config-schema.ts';
import { nameDeployment } from '../../src/stack/deployment.ts';
import { databaseLogin, databaseUrl, databaseUsers } from '../../src/stack/secret-values.ts';

const named = (database: object) =>
  nameDeployment(choicesOf(configSchema.parse({ name: 'mlflow', database }), 'my-project-1'), '123456789012');
const ODD = "p@ss:w/rd?%'";

test('MySQL is reached by the socket itself, and neither user works in the name of the other', () => {
  const deployment = named({ engine: 'mysql' });
  expect(databaseUrl(deployment, 'secret')).toBe(
    'mysql+pymysql://mlflow:secret@/mlflow?unix_socket=/cloudsql/my-project-1:us-central1:mlflow-mysql&charset=utf8mb4',
  );
  expect(databaseUrl(deployment, 'secret', 'mlflow_b')).not.toContain('role');
  expect(databaseUrl(named({}), 'secret', 'mlflow_b')).toContain('&options=-c%20role%3Dmlflow');
});

test.each(['postgres', 'mysql'])('the URL of %s gives user and password back, whatever letters they have', (engine) => {
  expect(databaseLogin(databaseUrl(named({ engine }), ODD))).toEqual({ user: 'mlflow', password: ODD });
});

test.each([
  ['postgres', 63],
  ['mysql', 32],
] as const)('the second user of %s is another one, within %i characters', (engine, longest) => {
  for (const user of ['u'.repeat(longest), `${'u'.repeat(longest - 2)}_b`, 'mlflow']) {
    const [first, second] = databaseUsers(named({ engine, user }));
    expect(first).toBe(user);
    expect(second).not.toBe(user);
    expect(second.length).toBeLessThanOrEqual(longest);
  }
});

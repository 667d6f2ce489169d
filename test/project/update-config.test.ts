import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configText } from '../../src/project/config.ts';
import { configSchema } from '../../src/project/config-schema.ts';
import { updateConfigText } from '../../src/project/update-config.ts';

const MEMBERS = ['user:ada@example.com', 'group:ml@example.com'];

test('a list comes in, grows and goes as a list, and comments stay', () => {
  const plain = `# mine\n${configText(configSchema.parse({ project: 'my-project' }))}`;
  const config = (impersonators: string[]) =>
    configSchema.parse({ project: 'my-project', credentials: { impersonators }, ci: { github: { repository: 'a/b' } } });
  const one = updateConfigText(plain, config(MEMBERS.slice(0, 1)));
  expect(parse(one).credentials.impersonators).toEqual(MEMBERS.slice(0, 1));
  const two = updateConfigText(one, config(MEMBERS));
  expect(parse(two)).toMatchObject({
    credentials: { impersonators: MEMBERS },
    ci: { github: { repository: 'a/b', branch: 'main' } },
  });
  expect(configSchema.parse(parse(updateConfigText(two, config([])))).credentials.impersonators).toEqual([]);
  expect(two).toMatch(/^# mine\n/);
  expect(updateConfigText(two, config(MEMBERS))).toBe(two);
});

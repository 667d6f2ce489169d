import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Discovery } from '../../src/local/simulator/discovery.ts';
import type { ApiTable, TypeTable } from '../../src/local/simulator/discovery-table.ts';
import { loadServices } from '../../src/local/simulator/services.ts';
import { DISCOVERY_DIR } from '../support/simulator.ts';

const tables = readdirSync(DISCOVERY_DIR)
  .sort()
  .map((name) => [name, JSON.parse(readFileSync(join(DISCOVERY_DIR, name), 'utf8')) as ApiTable] as const);

test.each(tables)('%s refers only to what it has', (_name, table) => {
  const refs = Object.values(table.methods).flatMap(({ request, response }) =>
    [request, response].filter((ref) => ref !== undefined),
  );
  for (const ref of [...refs, ...Object.values(table.schemas).flatMap(refsOf)]) expect(table.schemas).toHaveProperty([ref]);
  for (const type of Object.values(table.schemas).flatMap(enumsOf)) {
    if (type.numbers) expect(new Set(type.numbers).size).toBe(type.enum?.length);
  }
});

test('every path that a table has finds its own method', () => {
  const discovery = new Discovery(DISCOVERY_DIR);
  const lost: string[] = [];
  for (const api of discovery.apis()) {
    for (const method of discovery.methods(api)) {
      const { table, document } = method;
      const path = `/${document.servicePath}${table.path.replaceAll(/\{\+?([^}]+)\}/g, (_, name: string) => example(table.parameters[name]?.pattern))}`;
      const found = discovery.find(api, table.httpMethod, path)?.method;
      // A pattern may stand there twice, for two names of one method.
      if (!found || found.pattern.source !== method.pattern.source)
        lost.push(`${method.version} ${method.id} ${path} found ${found?.version} ${found?.id}`);
    }
  }
  expect(lost).toEqual([]);
});

test('every handler answers a method that Google has, under one of its versions', async () => {
  const discovery = new Discovery(DISCOVERY_DIR);
  const unknown: string[] = [];
  for (const { api, versions, methods } of await loadServices()) {
    for (const id of Object.keys(methods)) {
      if (!discovery.methods(api).some((method) => method.id === id && versions.includes(method.version)))
        unknown.push(`${api} ${id}`);
    }
  }
  expect(unknown).toEqual([]);
});

function example(pattern: string | undefined): string {
  if (!pattern?.startsWith('^')) return 'x1';
  return pattern
    .replace(/^\^|\$$/g, '')
    .replaceAll('[^/]+', 'x1')
    .replaceAll('.*', 'x1')
    .replaceAll('\\', '');
}

function refsOf(type: TypeTable): string[] {
  return [...(type.ref ? [type.ref] : []), ...inner(type).flatMap(refsOf)];
}

function enumsOf(type: TypeTable): TypeTable[] {
  return [...(type.enum ? [type] : []), ...inner(type).flatMap(enumsOf)];
}

function inner(type: TypeTable): TypeTable[] {
  return [...(type.items ? [type.items] : []), ...(type.map ? [type.map] : []), ...Object.values(type.properties ?? {})];
}

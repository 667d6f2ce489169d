// Writes the table of what is simulated into docs/simulator.md, from the services themselves: `npm run docs:simulator`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Service } from '../src/local/simulator/service.ts';
import { loadServices } from '../src/local/simulator/services.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const page = path.join(root, 'docs/simulator.md');
const BEGIN = '<!-- methods: written by npm run docs:simulator -->';
const END = '<!-- end of methods -->';

/** The page with the table as it should be. Throws when the page has no place for it. */
export async function withTable(text: string): Promise<string> {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${await table()}\n${END}${after}`;
}

async function table(): Promise<string> {
  const services = (await loadServices()).filter((service) => Object.keys(service.methods).length > 0);
  const apis = [...new Set(services.map(({ api }) => api))].sort();
  const rows = apis.flatMap((api) => {
    const own = services.filter((service) => service.api === api);
    const versions = [...new Set(own.flatMap((service) => service.versions))].sort();
    return collections(own).map(([collection, methods], place) => {
      const first = place === 0 ? `**${api}** | ${versions.join(', ')}` : ' | ';
      return `| ${first} | ${collection} | ${methods.join(' ')} |`;
    });
  });
  return ['| API | versions | collection | methods |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** By collection, the methods in the order in which they were written. */
function collections(services: Service[]): Array<[string, string[]]> {
  const found = new Map<string, Set<string>>();
  for (const id of services.flatMap((service) => Object.keys(service.methods))) {
    const words = id.split('.');
    const method = words.pop() ?? '';
    const collection = words.slice(1).join('.') || '–';
    found.set(collection, (found.get(collection) ?? new Set()).add(method));
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([collection, methods]) => [collection, [...methods]]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, await withTable(readFileSync(page, 'utf8')));

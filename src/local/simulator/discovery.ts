import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiTable, MethodTable } from './discovery-table.ts';

export interface Method {
  id: string;
  api: string;
  version: string;
  table: MethodTable;
  document: ApiTable;
  /** Against the whole path, still percent-encoded. */
  pattern: RegExp;
  /** Path parameters in the order of the pattern's groups. */
  pathParameters: string[];
}

/** What Google's discovery documents say of the simulated APIs. A document is read when its API is first asked for. */
export class Discovery {
  private readonly folder: string;
  private readonly versions = new Map<string, string[]>();
  private readonly loaded = new Map<string, Method[]>();

  /** `folder` holds the files `API.VERSION.json` that `scripts/discovery.ts` made. */
  constructor(folder: string) {
    this.folder = folder;
    for (const name of readdirSync(folder).sort()) {
      const parts = /^([a-z0-9]+)\.(\w+)\.json$/.exec(name);
      if (parts) this.versions.set(parts[1] as string, [...(this.versions.get(parts[1] as string) ?? []), parts[2] as string]);
    }
  }

  has(api: string): boolean {
    return this.versions.has(api);
  }

  apis(): string[] {
    return [...this.versions.keys()];
  }

  /** All methods of all versions of an API, the most specific path first. */
  methods(api: string): Method[] {
    const known = this.loaded.get(api);
    if (known) return known;
    const methods = (this.versions.get(api) ?? []).flatMap((version) => compile(this.read(api, version)));
    methods.sort((a, b) => specificity(b.pattern) - specificity(a.pattern));
    this.loaded.set(api, methods);
    return methods;
  }

  /** The method that a request means, with its path parameters decoded. Throws URIError where a percent sign is out of place. */
  find(api: string, httpMethod: string, path: string): { method: Method; pathValues: Record<string, string> } | undefined {
    // A colon before a verb may come encoded; inside a value it decodes to the same.
    const plain = path.includes('%3') ? path.replaceAll(/%3a/gi, ':') : path;
    for (const method of this.methods(api)) {
      if (method.table.httpMethod !== httpMethod) continue;
      const match = method.pattern.exec(plain);
      if (!match) continue;
      const pathValues = Object.fromEntries(
        method.pathParameters.map((name, place) => [name, decodeURIComponent(match.groups?.[`p${place}`] ?? '')]),
      );
      return { method, pathValues };
    }
    return undefined;
  }

  private read(api: string, version: string): ApiTable {
    return JSON.parse(readFileSync(join(this.folder, `${api}.${version}.json`), 'utf8')) as ApiTable;
  }
}

function compile(document: ApiTable): Method[] {
  return Object.entries(document.methods).map(([id, table]) => {
    const pathParameters: string[] = [];
    const source = (document.servicePath + table.path).replaceAll(
      /\{(\+?)([^}]+)\}|[.*+?^${}()|[\]\\]/g,
      (text, plus: string | undefined, name: string | undefined) => {
        if (name === undefined) return `\\${text}`;
        const pattern = table.parameters[name]?.pattern;
        pathParameters.push(name);
        const inner = plus && pattern?.startsWith('^') ? pattern.replace(/^\^|\$$/g, '') : plus ? '.+' : '[^/]+';
        return `(?<p${pathParameters.length - 1}>${inner})`;
      },
    );
    // The Cloud SQL API is found under `/sql/` in each of its versions.
    const start = document.api === 'sqladmin' && !source.startsWith('sql/') ? '(?:sql/)?' : '';
    return {
      id,
      api: document.api,
      version: document.version,
      table,
      document,
      pathParameters,
      pattern: new RegExp(`^/${start}${source}$`),
    };
  });
}

/** How much of a path is given: `secrets/x:setIamPolicy` is a verb before it is a secret of that name. */
function specificity(pattern: RegExp): number {
  return pattern.source.replaceAll(/\[\^\/\]\+|\.[*+]|\(\?<p\d+>|[()^$\\]/g, '').length;
}

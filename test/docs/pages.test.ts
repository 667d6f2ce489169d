import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentedErrors } from '../../scripts/docs-errors.ts';
import { PROFILES, withProfile } from '../../src/commands/init/init-profiles.ts';
import { choicesOf, configSchema } from '../../src/project/config-schema.ts';
import { nameDeployment } from '../../src/stack/deployment.ts';
import { monthlyPrices, PRICES_AS_OF } from '../../src/stack/prices.ts';
import { packageRoot, runInMemory } from '../support/program.ts';

const read = (page: string) => readFileSync(path.join(packageRoot, page), 'utf8');
const guides = readdirSync(path.join(packageRoot, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'src/templates/project/README.md', ...guides];

/** GitHub's anchors of a page's headings. */
function anchors(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function links(page: string): string[] {
  return [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target));
}

/** Command lines of the program, in code of either kind; `…`, `COMMAND` and names in capitals alone stand for something else. */
function commandLines(page: string): string[] {
  const text = read(page).replaceAll(/\{\{ (\w+) \}\}/g, '$1');
  const blocks = [...text.matchAll(/```(?:sh|bash|console)\n([\s\S]*?)```/g)].flatMap(([, code = '']) => {
    const lines = code.split('\n');
    // Where a block shows output too, commands stand behind a prompt.
    const typed = lines.filter((line) => line.startsWith('$ '));
    return typed.length > 0 ? typed : lines;
  });
  const inline = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const uncommented = [...blocks, ...inline].map((line) => line.replace(/ +# .*$/, ''));
  const found = uncommented.flatMap((line) =>
    [...line.matchAll(/(?:^|[ $(])mlflow-gcp ([a-z-][^|>;&)`]*)/g)].map(([, words = '']) => words.trim().replaceAll('"', '')),
  );
  return found.filter((line) => !/…|COMMAND/.test(line));
}

describe.each(pages)('%s', (page) => {
  it('leads nowhere that is not there', () => {
    for (const target of links(page)) {
      const [file = '', anchor] = target.split('#');
      const other = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
      expect(existsSync(path.join(packageRoot, other)), `${page}: ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchors(other), `${page}: ${target}`).toContain(anchor);
    }
  });

  it('shows only command lines that the program takes', async () => {
    for (const line of commandLines(page)) {
      const { status, stderr } = await runInMemory(line.split(/\s+/), { run: async () => undefined });
      expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: '' });
    }
  });

  it('names no path of the machine that it was written on', () => {
    expect(read(page)).not.toMatch(/\/tmp\/|\/root\b|\/work\//);
  });
});

describe('docs/troubleshooting.md', () => {
  it('names only codes that the program can end with', () => {
    const known = documentedErrors().map(({ code }) => code);
    const variable = /^(?:MLFLOW|GOOGLE|HTTPS|NODE|NO_PROXY)/;
    const named = [...read('docs/troubleshooting.md').matchAll(/`(?:Error \()?([A-Z]+(?:_[A-Z]+)+|INTERNAL)\)?`/g)]
      .map(([, code = '']) => code)
      .filter((code) => !variable.test(code));
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((code) => !known.includes(code))).toEqual([]);
  });
});

describe('docs/costs.md', () => {
  const page = read('docs/costs.md');
  const priced = (tier: string, availability: 'ZONAL' | 'REGIONAL', minInstances = 0) => {
    const config = configSchema.parse({ database: { tier, availability }, service: { minInstances } });
    return monthlyPrices(nameDeployment(choicesOf(config, 'my-project'), '1'));
  };

  it('has the prices that the plan has, and their date', () => {
    expect(page).toContain(`List prices of ${PRICES_AS_OF} `);
    const rows = [...page.matchAll(/^\| `(db-[\w-]+)` \| ([\d.]+) \| ([\d.]+) \|$/gm)];
    expect(rows.length).toBeGreaterThanOrEqual(4);
    for (const [, tier = '', zonal, regional] of rows) {
      expect(Number(zonal)).toBeCloseTo(priced(tier, 'ZONAL')[0]?.usd ?? 0, 1);
      expect(Number(regional)).toBeCloseTo(priced(tier, 'REGIONAL')[0]?.usd ?? 0, 1);
    }
    const idle = priced('db-f1-micro', 'ZONAL').reduce((sum, { usd = 0 }) => sum + usd, 0);
    expect(Number(/\*\*Together\*\* \| \*\*([\d.]+)\*\*/.exec(page)?.[1])).toBeCloseTo(idle, 1);
    for (const profile of PROFILES) {
      const config = withProfile(configSchema.parse({}), profile);
      const deployment = nameDeployment(choicesOf(config, 'my-project'), '1');
      const together = monthlyPrices(deployment).reduce((sum, { usd = 0 }) => sum + usd, 0);
      expect(Number(new RegExp(`^\\| \`${profile}\` \\| ([\\d.]+) \\|`, 'm').exec(page)?.[1])).toBeCloseTo(together, 1);
    }
    const warm = priced('db-f1-micro', 'ZONAL', 1).find(({ item }) => item === 'Cloud Run')?.usd ?? 0;
    expect(page).toContain(`${warm.toFixed(2)} a month`);
  });
});

describe('the session in README.md', () => {
  it('was recorded whole, and shows no password', () => {
    const session = /<!-- session: [^>]*-->([\s\S]*)<!-- end of session -->/.exec(read('README.md'))?.[1] ?? '';
    for (const command of ['init', 'deploy', 'model', 'connect']) expect(session).toContain(`$ mlflow-gcp ${command}`);
    expect(session).toContain("MLFLOW_TRACKING_PASSWORD='…'");
    expect(session).not.toMatch(/[A-Za-z0-9_-]{33,}(?!\.)|Error \(/);
  });
});

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Metafile } from 'esbuild';

interface PackageFacts {
  name: string;
  version: string;
  license?: string | { type: string };
  author?: string | { name: string };
}

/**
 * The licences of every package of which something is in the bundle, as their authors want them to go along with copies.
 * Throws if a package has neither a licence file nor names its licence.
 */
export async function thirdPartyLicenses(root: string, metafile: Metafile): Promise<string> {
  const used = new Set(Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs)));
  const folders = [...new Set([...used].flatMap((input) => packageFolder(input) ?? []))].sort();
  const entries = await Promise.all(folders.map((folder) => entryOf(path.join(root, folder))));
  return `mlflow-gcp contains code of these packages.\n\n${[...new Set(entries)].join('\n')}`;
}

/** `node_modules/@a/b/lib/x.js` → `node_modules/@a/b`; the innermost one where they are nested. */
function packageFolder(input: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

async function entryOf(folder: string): Promise<string> {
  const facts = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as PackageFacts;
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice|copying)(\b|-|\.|$)/i.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
  const license = typeof facts.license === 'string' ? facts.license : facts.license?.type;
  if (texts.length === 0 && license === undefined) throw new Error(`${facts.name} ${facts.version} names no licence`);
  const author = typeof facts.author === 'string' ? facts.author : facts.author?.name;
  const body =
    texts.length > 0
      ? texts.map((text) => text.trim()).join('\n\n')
      : `Licence: ${license}. Author: ${author ?? 'see the package'}.`;
  return `${'='.repeat(80)}\n${facts.name} ${facts.version} (${license ?? 'see below'})\n${'='.repeat(80)}\n${body}\n`;
}

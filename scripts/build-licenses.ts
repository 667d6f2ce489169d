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
 * The licences of all packages of which something is in the bundle, as their authors want them to go along with copies;
 * packages with the same text stand together.
 * Throws if a package has neither a licence file nor names its licence.
 */
export async function thirdPartyLicenses(root: string, metafile: Metafile): Promise<string> {
  const used = new Set(Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs)));
  const folders = [...new Set([...used].flatMap((input) => packageFolder(input) ?? []))].sort();
  const byText = new Map<string, Set<string>>();
  for (const { title, text } of await Promise.all(folders.map((folder) => entryOf(path.join(root, folder))))) {
    byText.set(text, (byText.get(text) ?? new Set()).add(title));
  }
  const line = '='.repeat(80);
  const parts = [...byText].map(([text, titles]) => `${line}\n${[...titles].join('\n')}\n${line}\n${text}\n`);
  return `mlflow-gcp contains code of these packages.\n\n${parts.join('\n')}`;
}

/** `node_modules/@a/b/lib/x.js` → `node_modules/@a/b`; the innermost one where they are nested. */
function packageFolder(input: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

async function entryOf(folder: string): Promise<{ title: string; text: string }> {
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
  return { title: `${facts.name} ${facts.version} (${license ?? 'see below'})`, text: body };
}

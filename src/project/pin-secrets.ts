import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isMap, isScalar, parseDocument, type Scalar, visit } from 'yaml';
import { amendFile } from './folder.ts';
import { MANIFEST_FILE } from './service-manifest.ts';

/** What service.yaml says of secrets. */
export interface ManifestPins {
  /** Of which service it is. */
  service: string | undefined;
  /** Versions by the secret's id. */
  versions: Record<string, string>;
}

/** The secret versions in the folder's service.yaml; undefined where there is no such file, or it is no YAML. */
export async function readPins(folder: string): Promise<ManifestPins | undefined> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) return undefined;
  const { service, pins } = manifest;
  return { service, versions: Object.fromEntries(pins.map(({ secret, version }) => [secret, version])) };
}

/**
 * Puts these versions into the folder's service.yaml, if it is that of this service, and touches no other character: comments and edits
 * stay as their owner has them. Returns whether anything changed.
 */
export async function writePins(folder: string, service: string, versions: Record<string, string>): Promise<boolean> {
  const manifest = await readManifest(folder);
  if (manifest?.service !== service) return false;
  const { text, pins } = manifest;
  let pinned = text;
  // From the end, so that the places of those before stay true.
  for (const { secret, start, end } of pins.toReversed()) {
    const version = versions[secret];
    // Quoted, because Cloud Run takes a version as text.
    if (version !== undefined) pinned = `${pinned.slice(0, start)}'${version}'${pinned.slice(end)}`;
  }
  if (pinned === text) return false;
  await amendFile(folder, MANIFEST_FILE, text, pinned);
  return true;
}

interface Manifest {
  text: string;
  service: string | undefined;
  pins: Pin[];
}
interface Pin {
  secret: string;
  version: string;
  start: number;
  end: number;
}

/** Parsed once for all that is asked of it. Undefined where there is no such file, or it is no YAML. */
async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readManifestText(folder);
  if (text === undefined) return undefined;
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined;
  const service = document.getIn(['metadata', 'name']);
  return { text, service: typeof service === 'string' ? service : undefined, pins: pinsIn(document) };
}

function pinsIn(document: ReturnType<typeof parseDocument>): Pin[] {
  const pins: Pin[] = [];
  visit(document, {
    Pair(_key, pair) {
      if (!isScalar(pair.key) || pair.key.value !== 'secretKeyRef' || !isMap(pair.value)) return;
      const secret = pair.value.get('name');
      const version = pair.value.get('key', true) as Scalar | undefined;
      if (typeof secret !== 'string' || !isScalar(version) || !version.range) return;
      pins.push({ secret, version: String(version.value), start: version.range[0], end: version.range[1] });
    },
  });
  return pins;
}

async function readManifestText(folder: string): Promise<string | undefined> {
  try {
    return await readFile(path.join(folder, MANIFEST_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

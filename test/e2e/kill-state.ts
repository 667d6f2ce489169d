import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Kinds of records that tell how something came to be, not what there is. */
const HISTORY = ['kernel.operations', 'sqladmin.locks'];
/** Fields that count or date what happened, or are made up anew by every run. */
const VOLATILE =
  /^(?:etag|cert|certSerialNumber|sha1Fingerprint|changed|generation|metageneration|settingsVersion|uniqueId|uid|operation|resourceVersion|md5Hash|crc32c|sqladmin\.tls|publicKey)$|(?:time|timestamp|expiry)$|(?:id)$/i;
/** Ids and times inside of names and texts. */
const MADE_UP =
  /\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{40}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\b|(?<=\bp\d{12}-)[0-9a-f]{6}\b|\b1\d{20}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<=mlflow-\d{5}-)[a-z0-9]{3}\b/g;

/** The simulator's state with all that two undisturbed runs differ in struck out, so that two states can be held against each other. */
export function comparable(state: Record<string, unknown>): unknown {
  const kept = Object.entries(state).filter(
    ([kind, records]) => !HISTORY.includes(kind) && Object.keys(records as object).length > 0,
  );
  return settled(Object.fromEntries(kept));
}

function settled(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(MADE_UP, '…');
  if (Array.isArray(value)) return sortedByText(value.map(settled));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    key.replaceAll(MADE_UP, '…'),
    VOLATILE.test(key) ? '…' : settled(inner),
  ]);
  // Two records whose keys differ by an id alone must not fall into one.
  const groups = Map.groupBy(entries, ([key]) => key);
  return Object.fromEntries(
    [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, group]) => [
        group.length > 1 ? `${key} × ${group.length}` : key,
        group.length > 1 ? sortedByText(group.map(([, inner]) => inner)) : group[0]?.[1],
      ]),
  );
}

/** Members of policies, secrets of a service: lists whose order says nothing. */
function sortedByText(list: unknown[]): unknown[] {
  return list
    .map((item) => ({ item, text: JSON.stringify(item) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ item }) => item);
}

/** Path and text of every file in a project folder, the lock left out: tests bring one along. The folder's own place is struck out. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name !== 'uv.lock')
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, (await readFile(path.join(folder, name), 'utf8')).replaceAll(path.dirname(folder), '…')]),
    ),
  );
}

/** Who may read each file that lies beside a project folder, where keys go; what is in them is new each time. */
export async function keysBeside(folder: string): Promise<Record<string, string>> {
  const place = path.dirname(folder);
  const files = (await readdir(place, { withFileTypes: true })).filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(
      files.map(async ({ name }) => [`../${name}`, ((await stat(path.join(place, name))).mode & 0o777).toString(8)] as const),
    ),
  );
}

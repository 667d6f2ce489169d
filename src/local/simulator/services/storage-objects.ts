import { type Call, type Handler, type JsonObject, Reply, type Sim } from '../service.ts';
import { testPermissions } from './iam-policy.ts';
import { getBucket } from './storage-bucket-record.ts';
import { mergePatch } from './storage-bucket-rules.ts';
import { copyMethods } from './storage-copy.ts';
import { changeObject, deleteObject, getObject, listObjects, type ObjectRecord, showObject } from './storage-object-record.ts';
import { checkPreconditions, preconditionsOf } from './storage-preconditions.ts';

const MAX_PAGE = 1000;

/** `storage.objects.*` of the JSON API but for bytes. https://docs.cloud.google.com/storage/docs/json_api/v1/objects */
export const objectMethods: Record<string, Handler> = {
  ...copyMethods,
  'storage.objects.get': (call, sim) => showObject(readObject(call, sim, true)),
  'storage.objects.list': list,
  'storage.objects.patch': (call, sim) => {
    const object = readObject(call, sim, false);
    return showObject(changeObject(sim, object, mergePatch(object.settings, call.body)));
  },
  'storage.objects.update': (call, sim) => showObject(changeObject(sim, readObject(call, sim, false), call.body)),
  'storage.objects.delete': (call, sim) => {
    const object = readObject(call, sim, false);
    deleteObject(sim, getBucket(sim, object.bucket), object, call.params['generation'] !== undefined);
    return new Reply(204);
  },
  'storage.objects.testIamPermissions': (call, sim) => {
    readObject(call, sim, true);
    const asked = call.params['permissions'];
    const permissions = Array.isArray(asked) ? asked : asked === undefined ? [] : [String(asked)];
    return { kind: 'storage#testIamPermissionsResponse', ...testPermissions({ permissions }) };
  },
};

/** @throws GoogleError 404, 412, 304 */
function readObject(call: Call, sim: Sim, reading: boolean): ObjectRecord {
  const bucket = getBucket(sim, String(call.params['bucket']));
  const generation = call.params['generation'] === undefined ? undefined : String(call.params['generation']);
  const object = getObject(sim, bucket.name, String(call.params['object']), generation);
  checkPreconditions(
    preconditionsOf((name) => call.params[name]),
    object,
    reading,
  );
  return object;
}

interface Listing {
  prefix: string;
  delimiter: string;
  /** From this name on. */
  from: string;
  /** Up to, without, this name. */
  to: string | undefined;
  /** Behind this entry of the page before. */
  after: string;
  includeTrailingDelimiter: boolean;
  glob: RegExp | undefined;
  size: number;
}

function list(call: Call, sim: Sim): JsonObject {
  const bucket = getBucket(sim, String(call.params['bucket']));
  const text = (name: string) => (call.params[name] === undefined ? '' : String(call.params[name]));
  const listing: Listing = {
    prefix: text('prefix'),
    delimiter: text('delimiter'),
    from: text('startOffset'),
    to: text('endOffset') || undefined,
    after: Buffer.from(text('pageToken'), 'base64url').toString(),
    includeTrailingDelimiter: call.params['includeTrailingDelimiter'] === true,
    glob: text('matchGlob') ? globPattern(text('matchGlob')) : undefined,
    size: Math.min(Number(call.params['maxResults'] ?? MAX_PAGE) || MAX_PAGE, MAX_PAGE),
  };
  const versions = call.params['versions'] === true;
  const found = listObjects(sim, bucket.name, listing.prefix, versions);
  const { items, prefixes, next } = paginate(found, listing);
  return {
    kind: 'storage#objects',
    ...(next === undefined ? {} : { nextPageToken: Buffer.from(next).toString('base64url') }),
    ...(prefixes.length > 0 ? { prefixes } : {}),
    ...(items.length > 0 ? { items: items.map(showObject) } : {}),
  };
}

/**
 * One page: objects, and the prefixes that stand for what lies behind the delimiter; both count towards the size.
 * @returns `next` is the mark of the last entry when there are more
 */
export function paginate(
  found: ObjectRecord[],
  listing: Listing,
): { items: ObjectRecord[]; prefixes: string[]; next: string | undefined } {
  const items: ObjectRecord[] = [];
  const prefixes = new Set<string>();
  let last = '';
  for (const object of found) {
    if (object.name < listing.from || (listing.to !== undefined && object.name >= listing.to)) continue;
    if (listing.glob && !listing.glob.test(object.name)) continue;
    const folder = folderOf(object.name, listing);
    const mark = folder ?? markOf(object);
    if (folder === undefined ? mark <= listing.after : folder <= listing.after) continue;
    const listed = folder !== undefined && prefixes.has(folder);
    const alsoItem = folder === undefined || (listing.includeTrailingDelimiter && object.name === folder);
    if (listed && !alsoItem) continue;
    if (items.length + prefixes.size >= listing.size) return { items, prefixes: [...prefixes], next: last };
    if (folder !== undefined) prefixes.add(folder);
    if (alsoItem) items.push(object);
    last = mark;
  }
  return { items, prefixes: [...prefixes], next: undefined };
}

/** Names and generations in one order: where a page ended. */
function markOf(object: ObjectRecord): string {
  return `${object.name}\n${object.generation.padStart(20, '0')}`;
}

function folderOf(name: string, listing: Listing): string | undefined {
  if (!listing.delimiter) return undefined;
  const at = name.indexOf(listing.delimiter, listing.prefix.length);
  return at < 0 ? undefined : name.slice(0, at + listing.delimiter.length);
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob */
function globPattern(glob: string): RegExp {
  const pattern = glob.replace(/\*\*\/?|\*|\?|\{[^}]*\}|\[[^\]]*\]|[.+^$()|\\]/g, (piece) => {
    if (piece === '**/') return '(?:.*/)?';
    if (piece === '**') return '.*';
    if (piece === '*') return '[^/]*';
    if (piece === '?') return '[^/]';
    if (piece.startsWith('{'))
      return `(?:${piece
        .slice(1, -1)
        .split(',')
        .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('|')})`;
    if (piece.startsWith('[')) return piece.replace('[!', '[^');
    return `\\${piece}`;
  });
  return new RegExp(`^${pattern}$`, 'su');
}

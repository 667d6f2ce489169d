import { isDeepStrictEqual } from 'node:util';
import { isMap, parseDocument } from 'yaml';
import { configText } from './config.ts';
import { type Config, configSchema } from './config-schema.ts';

/**
 * The text of `mlflow-gcp.yaml` for this config: a new one, or the present one with only the differing values changed, so that
 * comments and order stay as their owner has them.
 */
export function updateConfigText(present: string | undefined, config: Config): string {
  if (present === undefined) return configText(config);
  const document = parseDocument(present);
  const said = configSchema.safeParse(document.toJS() ?? {});
  if (!said.success || !isMap(document.contents)) return configText(config);
  for (const { path, value } of differences(said.data, config)) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, value);
  }
  return isDeepStrictEqual(said.data, config) ? present : document.toString();
}

function differences(before: object, after: object, path: string[] = []): Array<{ path: string[]; value: unknown }> {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const [old, now] = [(before as Record<string, unknown>)[key], (after as Record<string, unknown>)[key]];
    if (isDeepStrictEqual(old, now)) return [];
    if (isPlain(old) && isPlain(now)) return differences(old, now, [...path, key]);
    return [{ path: [...path, key], value: now }];
  });
}

/** A list is one value: its items have no names to change them by. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

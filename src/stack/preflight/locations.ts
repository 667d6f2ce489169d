/** What lies in Europe and not in the European Union. */
const OUTSIDE_EU = ['europe-west2', 'europe-west6'];
const CONTINENTS = ['africa', 'asia', 'australia', 'europe', 'me', 'northamerica', 'southamerica', 'us'];
/** One region of a group, to offer where another one is forbidden. */
const EXAMPLES: Record<string, string> = {
  africa: 'africa-south1',
  asia: 'asia-southeast1',
  australia: 'australia-southeast1',
  eu: 'europe-west1',
  europe: 'europe-west1',
  me: 'me-west1',
  northamerica: 'northamerica-northeast1',
  southamerica: 'southamerica-east1',
  us: 'us-central1',
};

/**
 * Whether a group of locations, as policies name them (`eu-locations`, `us-central1-locations`), holds a region; undefined for a group
 * that is not known here, such as a country's.
 * https://docs.cloud.google.com/resource-manager/docs/organization-policy/defining-locations#value_groups
 */
export function isInGroup(group: string, location: string): boolean | undefined {
  const area = group.replace(/-locations$/, '');
  // No group reaches round the world.
  if (location === 'global') return area === 'global';
  if (/-[a-z]+\d+$/.test(area)) return area === location;
  if (area === 'eu') return location.startsWith('europe-') && !OUTSIDE_EU.includes(location);
  return CONTINENTS.includes(area) ? location.startsWith(`${area}-`) : undefined;
}

/** A region that an entry of a policy (`in:eu-locations`, `europe-west3`) allows; undefined where none can be told. */
export function regionOf(entry: string): string | undefined {
  const area = entry.replace(/^(in|is):/, '').replace(/-locations$/, '');
  return /^[a-z]+-[a-z]+\d+$/.test(area) ? area : EXAMPLES[area];
}

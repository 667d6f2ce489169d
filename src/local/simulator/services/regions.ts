/** Regions that Cloud Run, Artifact Registry, Cloud Build and Cloud Storage share, with the short code in Cloud Run's older addresses. */
const REGION_CODES: Record<string, string> = {
  'africa-south1': 'bq',
  'asia-east1': 'de',
  'asia-east2': 'df',
  'asia-northeast1': 'an',
  'asia-northeast2': 'dt',
  'asia-northeast3': 'du',
  'asia-south1': 'el',
  'asia-south2': 'em',
  'asia-southeast1': 'as',
  'asia-southeast2': 'et',
  'asia-southeast3': 'ev',
  'australia-southeast1': 'ts',
  'australia-southeast2': 'km',
  'europe-central2': 'lm',
  'europe-north1': 'lz',
  'europe-north2': 'ma',
  'europe-southwest1': 'no',
  'europe-west1': 'ew',
  'europe-west10': 'oe',
  'europe-west12': 'og',
  'europe-west2': 'nw',
  'europe-west3': 'ey',
  'europe-west4': 'ez',
  'europe-west6': 'oa',
  'europe-west8': 'oc',
  'europe-west9': 'od',
  'me-central1': 'ww',
  'me-central2': 'wx',
  'me-west1': 'zf',
  'northamerica-northeast1': 'nn',
  'northamerica-northeast2': 'pd',
  'northamerica-south1': 'pv',
  'southamerica-east1': 'rj',
  'southamerica-west1': 'tl',
  'us-central1': 'uc',
  'us-east1': 'ue',
  'us-east4': 'uk',
  'us-east5': 'ul',
  'us-south1': 'vp',
  'us-west1': 'uw',
  'us-west2': 'wl',
  'us-west3': 'wm',
  'us-west4': 'wn',
};

/** All regions, sorted. https://docs.cloud.google.com/about/locations */
export const regions: readonly string[] = Object.keys(REGION_CODES);

export function isRegion(name: string): boolean {
  return name in REGION_CODES;
}

/** The two letters in `https://SERVICE-HASH-uc.a.run.app`. */
export function regionCode(region: string): string {
  return REGION_CODES[region] ?? 'uc';
}

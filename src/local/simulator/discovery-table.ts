/**
 * What `scripts/discovery.ts` keeps of one of Google's discovery documents, one JSON file an API version.
 * https://developers.google.com/discovery/v1/reference/apis
 */
export interface ApiTable {
  api: string;
  version: string;
  /** `Cloud Run Admin API`, as Google's own messages name it. */
  title: string;
  /** Stands before each method's path: `storage/v1/`, or nothing. */
  servicePath: string;
  /** Query parameters of every method: alt, fields, prettyPrint, … */
  systemParameters: string[];
  /** By discovery id. */
  methods: Record<string, MethodTable>;
  schemas: Record<string, TypeTable>;
}

export interface MethodTable {
  httpMethod: string;
  /** `v2/{+parent}/services`, `b/{bucket}`. */
  path: string;
  parameters: Record<string, ParameterTable>;
  /** Names of schemas. */
  request?: string;
  response?: string;
}

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean';
export interface ParameterTable {
  in: 'path' | 'query';
  type: ParameterType;
  format?: string;
  pattern?: string;
  enum?: string[];
  required?: true;
  repeated?: true;
  default?: string;
}

/** One of: a reference, a scalar, a list (`items`), a map with free keys (`map`), an object (`properties`). */
export interface TypeTable {
  ref?: string;
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'any';
  /** int32, uint32, int64, uint64, double, float, byte, date-time, google-datetime, google-duration, google-fieldmask, … */
  format?: string;
  enum?: string[];
  /** The values' numbers in the order of `enum`; left out where they are 0, 1, 2, … */
  numbers?: number[];
  items?: TypeTable;
  map?: TypeTable;
  properties?: Record<string, TypeTable>;
  /** Google fills it in and ignores what is sent. */
  readOnly?: true;
}

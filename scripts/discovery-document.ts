// What scripts/discovery.ts reads of Google's discovery documents: https://developers.google.com/discovery/v1/reference/apis

export interface RawType {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  readOnly?: boolean;
  enum?: string[];
  items?: RawType;
  properties?: Record<string, RawType>;
  additionalProperties?: RawType;
}
export interface RawParameter extends RawType {
  location: 'path' | 'query';
  required?: boolean;
  repeated?: boolean;
  pattern?: string;
  default?: string;
}
export interface RawMethod {
  id: string;
  httpMethod: string;
  path: string;
  parameters?: Record<string, RawParameter>;
  request?: { $ref: string };
  response?: { $ref: string };
}
export interface RawResource {
  methods?: Record<string, RawMethod>;
  resources?: Record<string, RawResource>;
}
export interface RawDocument extends RawResource {
  name: string;
  version: string;
  rootUrl: string;
  servicePath: string;
  title: string;
  parameters: Record<string, RawParameter>;
  schemas: Record<string, RawType>;
}

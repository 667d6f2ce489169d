import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { trimProtos } from '../../scripts/trim-protos.ts';

type Json = Parameters<typeof trimProtos>[0];

const at = (root: Json, name: string) => name.split('.').reduce<Json | undefined>((node, key) => node?.nested?.[key], root);
const shipped = (file: string): Json => JSON.parse(readFileSync(createRequire(import.meta.url).resolve(file), 'utf8'));
const message = (type?: string): Json => ({ fields: type === undefined ? {} : { value: { type } } });

const small: Json = {
  nested: {
    a: {
      nested: {
        v1: {
          nested: {
            Asked: { methods: { get: { requestType: 'GetRequest', responseType: '.b.Answer' } } },
            Making: {
              methods: {
                make: {
                  requestType: 'GetRequest',
                  responseType: 'b.Answer',
                  options: { '(google.longrunning.operation_info).response_type': 'Made' },
                },
              },
            },
            GetRequest: { ...message('Inner'), nested: { Inner: message('v1.Colour') } },
            Colour: { values: { RED: 0 } },
            Made: message(),
            Lonely: message(),
            http: { extend: 'google.protobuf.MethodOptions' },
          },
        },
      },
    },
    b: { nested: { Answer: message('More'), More: message(), Unasked: message() } },
  },
};

it('keeps what a service names, by whatever name, and what that names in turn', () => {
  const trimmed = trimProtos(small, ['a.v1.Asked']);
  expect(Object.keys(at(trimmed, 'a.v1')?.nested ?? {}).sort()).toEqual(['Asked', 'Colour', 'GetRequest']);
  expect(Object.keys(at(trimmed, 'b')?.nested ?? {}).sort()).toEqual(['Answer', 'More']);
  expect(at(trimmed, 'a.v1.GetRequest.Inner')).toEqual(message('v1.Colour'));
});

it('keeps what a long-running operation ends with', () => {
  expect(at(trimProtos(small, ['a.v1.Making']), 'a.v1.Made')).toEqual(message());
});

it('refuses a service that is not there: a later version of the library may have moved it', () => {
  expect(() => trimProtos(small, ['a.v2.Asked'])).toThrow('a.v2.Asked');
});

it('leaves of Cloud Run’s descriptions those of services, and nothing that is named is missing', () => {
  const run = trimProtos(shipped('@google-cloud/run/build/protos/protos.json'), ['google.cloud.run.v2.Services']);
  expect(at(run, 'google.cloud.run.v2.Service')).toBeDefined();
  expect(at(run, 'google.cloud.run.v2.Jobs')).toBeUndefined();
  expect(at(run, 'google.protobuf.DescriptorProto')).toBeUndefined();
  const { protobuf } = createRequire(createRequire(import.meta.url).resolve('@google-cloud/run'))('google-gax');
  // Throws for a type that cannot be resolved.
  expect(() => protobuf.Root.fromJSON(run).resolveAll()).not.toThrow();
});

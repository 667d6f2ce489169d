import { createRequire } from 'node:module';

/** Terraform's own parser, as WebAssembly. Required rather than imported: its types would bring those of browsers into the whole program. */
const hcl2json = createRequire(import.meta.url)('@cdktn/hcl2json') as {
  parse(file: string, text: string): Promise<Record<string, unknown>>;
};

/** What the configuration says, by kind of block; rejects for a text that is not HCL. */
export function parseHcl(text: string): Promise<Record<string, unknown>> {
  return hcl2json.parse('mlflow.tf', text);
}

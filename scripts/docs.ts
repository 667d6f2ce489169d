// Writes what is generated of the documentation: `npm run docs`. test/docs holds the files against it.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { referenceText } from './docs-reference.ts';
import { schemaText } from './docs-schema.ts';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../docs');
writeFileSync(path.join(folder, 'reference.md'), referenceText());
writeFileSync(path.join(folder, 'mlflow-gcp.schema.json'), schemaText());

// Bundles src/main.ts into dist/: what is published is this one package, with nothing to install beside it.
// `node scripts/build.ts` does nothing when nothing changed. `--clean` empties dist/ first; `--out FOLDER` builds elsewhere.
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, type Metafile } from 'esbuild';
import { builtins } from './build-builtins.ts';
import { commonjs } from './build-commonjs.ts';
import { isFresh, recordInputs } from './build-freshness.ts';
import { thirdPartyLicenses } from './build-licenses.ts';
import { trims } from './build-trims.ts';

const { values } = parseArgs({
  options: { clean: { type: 'boolean', default: false }, out: { type: 'string', default: 'dist' } },
});
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.resolve(root, values.out);
/** What CommonJS libraries take for granted. */
const COMMONJS =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" +
  'const __filename=import.meta.filename,__dirname=import.meta.dirname;';
/** Programs of other terminals and tests may still load the chunks of the build before. */
const OLD_CHUNK_MS = 10 * 60_000;

if (values.clean) await rm(dist, { recursive: true, force: true });
if (values.clean || !(await isFresh(root, dist))) {
  const started = performance.now();
  const metafile = await bundle();
  await recordInputs(root, dist, Object.keys(metafile.inputs));
  await removeOldChunks(metafile);
  console.error(`built ${values.out} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

async function bundle(): Promise<Metafile> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outdir: dist,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    minify: true,
    // Error names are shown to people and told apart by tests.
    keepNames: true,
    // They are gathered in THIRD-PARTY-LICENSES.
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
    // Imported on demand by name: as a CommonJS chunk it would have a default export alone.
    alias: { '@peculiar/x509': '@peculiar/x509/build/x509.es.js' },
    plugins: [builtins(), commonjs(), trims(root)],
    banner: { js: COMMONJS },
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const licenses = await thirdPartyLicenses(root, metafile);
  // Chunks before the entry: whoever starts the program meanwhile finds every file that main.js names.
  const entryLast = outputFiles.toSorted((a, b) => Number(a.path.endsWith('main.js')) - Number(b.path.endsWith('main.js')));
  for (const file of entryLast) await replace(file.path, file.contents);
  await replace(path.join(dist, 'meta.json'), JSON.stringify(metafile));
  await replace(path.join(dist, 'THIRD-PARTY-LICENSES'), licenses);
  return metafile;
}

async function replace(file: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, file);
}

async function removeOldChunks(metafile: Metafile): Promise<void> {
  const current = new Set(Object.keys(metafile.outputs).map((output) => path.basename(output)));
  const folder = path.join(dist, 'chunks');
  for (const name of await readdir(folder).catch(() => [])) {
    if (current.has(name)) continue;
    const file = path.join(folder, name);
    const facts = await stat(file).catch(() => undefined);
    if (facts && Date.now() - facts.mtimeMs > OLD_CHUNK_MS) await rm(file, { force: true });
  }
}

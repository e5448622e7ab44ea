// Turns the compiled modules into the few files that are published: loading one file is several
// times faster than loading the two hundred modules that a reader of the source wants.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

for (const name of ['email-server', 'store', 'host']) {
  const dir = join(root, 'packages', name)
  const pkg = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  const outputs = [
    ...Object.values(pkg.exports ?? {}).map(entry => entry.default),
    ...Object.values(pkg.bin ?? {}),
  ].filter(Boolean)
  const entryPoints = {}
  for (const output of outputs) {
    const entry = output.replace(/^\.\/dist\//, '').replace(/\.js$/, '')
    // dist/index.js comes from src/index.ts, dist/mime.js from the room src/mime/index.ts
    const source = [`build/src/${entry}.js`, `build/src/${entry}/index.js`]
      .map(path => join(dir, path))
      .find(existsSync)
    if (!source) throw new Error(`${pkg.name}: nothing to build ${output} from`)
    entryPoints[entry] = source
  }
  await build({
    absWorkingDir: dir,
    entryPoints,
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node18',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  })
}

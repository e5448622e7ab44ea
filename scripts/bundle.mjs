// Turns the compiled modules into the few files that are published: loading one file is several
// times faster than loading the two hundred modules that a reader of the source wants.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
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
  const sources = new Map()
  for (const output of outputs) {
    const entry = output.replace(/^\.\/dist\//, '').replace(/\.js$/, '')
    // dist/index.js comes from src/index.ts, dist/mime.js from the room src/mime/index.ts
    const source = [`build/src/${entry}.js`, `build/src/${entry}/index.js`]
      .map(path => join(dir, path))
      .find(existsSync)
    if (!source) throw new Error(`${pkg.name}: nothing to build ${output} from`)
    sources.set(entry, source)
  }
  // pieces of an earlier build have other names and would stay
  rmSync(join(dir, 'dist'), { recursive: true, force: true })
  await build({
    absWorkingDir: dir,
    ...(name === 'email-server'
      ? {
          entryPoints: Object.fromEntries([...sources.keys()].map(entry => [entry, `entry:${entry}`])),
          plugins: [fewChunks(sources)],
        }
      : { entryPoints: Object.fromEntries(sources) }),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node18',
    // flat-ranges is CommonJS: to load it as that takes longer than all of ours together
    packages: name === 'email-server' ? 'bundle' : 'external',
    banner:
      name === 'email-server'
        ? { js: '/* Contains flat-ranges (MIT), https://github.com/colocohen/flat-ranges */' }
        : {},
    // names stay as they are, for whoever reads a stack; the rest is loaded faster the shorter it is
    minifyWhitespace: true,
    minifySyntax: true,
    // Node prints the line in which an error was thrown
    lineLimit: 120,
    sourcemap: true,
    logLevel: 'warning',
  })
}

// The page of the host is served as it was written: its modules from the compiler, the rest from beside them.
const page = join(root, 'packages/host')
for (const folder of ['build/web', 'web']) {
  for (const name of readdirSync(join(page, folder))) {
    if (/\.(?:js|html|css|svg)$/.test(name)) cpSync(join(page, folder, name), join(page, 'dist/web', name))
  }
}

/**
 * Code that several entry points share becomes a file for each such set of them, and every file costs a millisecond or two at
 * each start. So the sets are made few: what reaches one protocol reaches them all, and everything reaches messages and mailboxes.
 */
function fewChunks(sources) {
  const of = entries => entries.flatMap(entry => sources.get(entry) ?? [])
  const [below, protocols, loadedLate] = [
    of(['mime', 'mailbox']),
    of(['smtp', 'imap', 'pop3']),
    of(['trust']),
  ]
  const reach = rooms => rooms.map(room => `import ${JSON.stringify(`reach:${room}`)}`)
  return {
    name: 'few-chunks',
    setup(esbuild) {
      esbuild.onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice(6), namespace: 'entry' }))
      esbuild.onResolve({ filter: /^reach:/ }, ({ path }) => ({ path: path.slice(6), sideEffects: true }))
      esbuild.onLoad({ filter: /^/, namespace: 'entry' }, ({ path }) => {
        const source = sources.get(path)
        const reached =
          below.includes(source) || loadedLate.includes(source) ? below : [...below, ...protocols]
        return {
          contents: [...reach(reached), `export * from ${JSON.stringify(source)}`].join('\n'),
          resolveDir: dirname(source),
        }
      })
      // what is imported when it is needed is an entry too, without being asked for as one
      esbuild.onLoad({ filter: /trust[/\\]index\.js$/ }, ({ path }) =>
        loadedLate.includes(path)
          ? {
              contents: [...reach(below), readFileSync(path, 'utf8')].join('\n'),
              resolveDir: dirname(path),
            }
          : undefined,
      )
    },
  }
}

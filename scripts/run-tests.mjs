// Runs the compiled tests with Node's own runner: `node scripts/run-tests.mjs [interop] [words…]`.
// Without `interop`: everything that needs nothing but Node and npm. Words pick files by a part of their path.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const words = process.argv.slice(2)
const interop = words[0] === 'interop'
if (interop) words.shift()

const places = ['build/test', ...['email-server', 'store', 'host'].map(name => `packages/${name}/build/test`)]
const files = places
  .flatMap(place => tests(join(root, place)))
  .map(file => relative(root, file))
  .filter(file => file.startsWith('build/test/interop/') === interop)
  .filter(file => words.length === 0 || words.some(word => file.includes(word)))
  .sort()

if (files.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`)
  process.exit(1)
}
// one PostgreSQL for all files that want one; where there is none they say why
const postgres = await startPostgres()

// the runner's own choice leaves one processor idle, which is half of a small machine
const concurrency = `--test-concurrency=${availableParallelism()}`
// a test that waits for ever is a failure, not a silence; ms
const limit = '--test-timeout=300000'
const child = spawn(process.execPath, ['--test', concurrency, limit, '--enable-source-maps', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...(postgres && { POSTGRES_SERVER: postgres.url('') }) },
})
child.on('exit', (code, signal) => process.exit(signal ? 1 : code))

function tests(dir) {
  let entries
  try {
    entries = readdirSync(dir, { withFileTypes: true })
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
  return entries.flatMap(entry => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return tests(path)
    return entry.name.endsWith('.test.js') ? [path] : []
  })
}

async function startPostgres() {
  if (
    process.env.POSTGRES_SERVER ||
    !files.some(file => file.startsWith('packages/store/') || file.includes('nodes'))
  )
    return null
  try {
    const support = await import(join(root, 'packages/store/build/test/postgres.js'))
    return await support.startPostgres()
  } catch {
    return null
  }
}

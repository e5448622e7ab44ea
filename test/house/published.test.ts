// The packages as a stranger gets them: packed, unpacked elsewhere, imported, required and type-checked.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/host.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const run = promisify(execFile)

let folder: { path: string } & AsyncDisposable
let packed: string[] = []
let subpaths: string[] = []

before(async () => {
  folder = await temporaryFolder()
  const modules = join(folder.path, 'node_modules')
  const args = ['pack', '--json', '--pack-destination', folder.path]
  const { stdout } = await run('npm', args, { cwd: join(ROOT, 'packages/email-server') })
  const [pack] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  packed = pack.files.map(({ path }) => path)
  await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }')
  // it has no dependencies, so that it installs without asking anybody
  await run('npm', ['install', '--offline', '--no-save', `./${pack.filename}`], { cwd: folder.path })
  await mkdir(join(modules, '@types'))
  for (const name of ['@types/node', 'undici-types']) {
    await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const manifest = JSON.parse(await readFile(join(modules, 'email-server/package.json'), 'utf8'))
  subpaths = Object.keys(manifest.exports).filter(path => path !== './package.json')
})
after(() => folder[Symbol.asyncDispose]())

const specifier = (subpath: string): string => `email-server${subpath.slice(1)}`

test('the package has its built files, its types and nothing of its tests', () => {
  assert.ok(packed.includes('dist/index.js') && packed.includes('build/src/index.d.ts'))
  const strange = packed.filter(
    path => !/^(?:dist\/|build\/src\/.*\.d\.ts$|package\.json$|[A-Z]+(?:\.md)?$)/.test(path),
  )
  assert.deepEqual(strange, [])
})

test('every entry point can be imported, and required from CommonJS', async () => {
  const imports = subpaths.map(path => `await import('${specifier(path)}')`).join('\n')
  await writeFile(join(folder.path, 'imports.mjs'), imports)
  await run(process.execPath, ['imports.mjs'], { cwd: folder.path })
  const requires = subpaths.map(path => `require('${specifier(path)}')`).join('\n')
  await writeFile(join(folder.path, 'requires.cjs'), requires)
  await run(process.execPath, ['requires.cjs'], { cwd: folder.path })
})

for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
]) {
  test(`its types hold in a strict project, its declarations checked too (${moduleResolution})`, async () => {
    const uses = subpaths.map((path, i) => `export * as entry${i} from '${specifier(path)}'`)
    await writeFile(join(folder.path, 'uses.ts'), `${uses.join('\n')}\n`)
    const compilerOptions = {
      ...{
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
      },
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
    }
    await writeFile(
      join(folder.path, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['uses.ts'] }),
    )
    const checked = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder.path]).catch(error => error)
    assert.equal(checked.stdout, '')
  })
}

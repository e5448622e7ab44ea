// Every rule of scripts/check-rooms.mjs is shown to catch a violation, in a small house built for it, and to let pass what only
// looks like one.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../../scripts/check-rooms.mjs', import.meta.url))
const HOUSE = new URL('../../../scripts/rooms/house.mjs', import.meta.url).href
const SRC = 'packages/email-server/src'
const ENTRIES = ['index', 'smtp', 'imap', 'pop3', 'mime', 'mailbox']

/** A house that keeps every rule, with `files` added or replaced, in a folder that `look` is given. */
async function withHouse<T>(
  files: Record<string, string>,
  look: (root: string) => T | Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'rooms-'))
  try {
    const exported = (names: readonly string[]): Record<string, { types: string }> =>
      Object.fromEntries(
        names.map(name => [
          name === 'index' ? '.' : `./${name}`,
          { types: `./build/src/${name === 'index' ? 'index' : `${name}/index`}.d.ts` },
        ]),
      )
    const house: Record<string, string> = {
      'packages/email-server/package.json': JSON.stringify({
        name: 'email-server',
        exports: exported(ENTRIES),
      }),
      'packages/store/package.json': JSON.stringify({
        name: '@email-server/store',
        exports: exported(['index']),
      }),
      'packages/store/src/index.ts': "import { FLAGS } from 'email-server/mailbox'\nexport { FLAGS }\n",
      [`${SRC}/index.ts`]: "export { FLAGS } from './mailbox/index.ts'\n",
      [`${SRC}/mailbox/index.ts`]: 'export const FLAGS: readonly string[] = []\n',
      'packages/email-server/build/src/index.d.ts': "export { FLAGS } from './mailbox/index.ts';\n",
    }
    for (const entry of ENTRIES.slice(1)) {
      house[`packages/email-server/dist/${entry}.js`] = 'export {};\n'
      house[`packages/email-server/build/src/${entry}/index.d.ts`] =
        'export declare const FLAGS: readonly string[];\n'
    }
    for (const [path, text] of Object.entries({ ...house, ...files })) {
      await mkdir(join(root, dirname(path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    return await look(root)
  } finally {
    await rm(root, { recursive: true })
  }
}

async function violations(files: Record<string, string>): Promise<string[]> {
  const { checkHouse }: { checkHouse: (root: string) => { violations: string[] } } = await import(HOUSE)
  return withHouse(files, root => checkHouse(root).violations)
}

async function passes(files: Record<string, string>): Promise<void> {
  assert.deepEqual(await violations(files), [])
}

async function catches(files: Record<string, string>, violation: RegExp): Promise<void> {
  const [found, ...more] = await violations(files)
  assert.match(found ?? '', violation)
  assert.deepEqual(more, [])
}

test('the script ends with 0 on a house that keeps the rules, else with 1 and the place', async () => {
  const run = (root: string): Promise<{ code: number; output: string }> =>
    new Promise(resolve => {
      execFile(process.execPath, [SCRIPT, '--root', root], (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })
      })
    })
  assert.deepEqual(await withHouse({}, run), { code: 0, output: '3 files keep the rules of the house\n' })
  const { code, output } = await withHouse({ [`${SRC}/smtp/x.ts`]: "import 'node:fs'\n" }, run)
  assert.match(output, /^packages\/email-server\/src\/smtp\/x\.ts:1: imports node:fs/)
  assert.equal(code, 1)
})

test('a house that keeps the rules passes', async () => {
  await passes({})
})

test('only node/ imports the modules of the machine, with or without node:, types too', async () => {
  await passes({
    [`${SRC}/node/sockets.ts`]: "import net from 'node:net'\nimport 'fs/promises'\nnet.connect(1)\n",
  })
  await passes({ [`${SRC}/text/x.ts`]: "import { domainToASCII } from 'node:url'\ndomainToASCII('x')\n" })
  for (const module of [
    'net',
    'tls',
    'dns',
    'dgram',
    'fs',
    'http',
    'https',
    'zlib',
    'timers',
    'child_process',
  ]) {
    const found = new RegExp(`smtp/x\\.ts:2: imports (node:)?${module}.*only node/ touches the machine`)
    await catches({ [`${SRC}/smtp/x.ts`]: `\nimport x from 'node:${module}'\nx\n` }, found)
  }
  const found = /smtp\/x\.ts:1: imports fs\/promises/
  await catches({ [`${SRC}/smtp/x.ts`]: "import type { FileHandle } from 'fs/promises'\n" }, found)
  await catches({ [`${SRC}/smtp/x.ts`]: "export const x = await import('fs/promises')\n" }, found)
})

test('only node/ mentions clocks, timers, chance and the process', async () => {
  const sayings = {
    'setTimeout(f, 1)': 'setTimeout',
    'globalThis.setInterval(f, 1)': 'setInterval',
    'Date.now()': 'Date\\.now',
    'new Date()': 'new Date\\(\\)',
    'Math.random()': 'Math\\.random',
    'process.env': 'process',
    '`${process.pid}`': 'process',
    'performance.now()': 'performance\\.now',
  }
  for (const [saying, found] of Object.entries(sayings)) {
    await catches(
      { [`${SRC}/imap/x.ts`]: `export const x = ${saying}\n` },
      new RegExp(`x\\.ts:1: says ${found}`),
    )
    await passes({ [`${SRC}/node/x.ts`]: `export const x = ${saying}\n` })
  }
})

test('comments, strings, patterns and names that only look like the machine are let pass', async () => {
  await passes({
    [`${SRC}/imap/x.ts`]: [
      "// setTimeout, process.env and import 'node:fs' are for node/",
      '/* Date.now() */',
      "export const said = 'Math.random() and process' + `new Date() process.exit`",
      'export const pattern = /process.exit(["\'/]) setTimeout/',
      'export const date = new Date(0)',
      'export function parse(line: { process: string }): string { return line.process }',
    ].join('\n'),
  })
})

test('node:crypto has one door, in base/', async () => {
  await passes({ [`${SRC}/base/crypto.ts`]: "export { randomBytes } from 'node:crypto'\n" })
  const second = { [`${SRC}/base/hash.ts`]: "export { createHash } from 'node:crypto'\n" }
  await catches(
    { [`${SRC}/base/crypto.ts`]: "export { randomBytes } from 'node:crypto'\n", ...second },
    /hash\.ts:1: imports node:crypto; base\/crypto\.ts is its door/,
  )
  await catches(
    { [`${SRC}/trust/x.ts`]: "export { sign } from 'crypto'\n" },
    /trust\/x\.ts:1: imports node:crypto/,
  )
})

test('flat-ranges is imported by base/ranges.ts alone, and the library has no other dependency', async () => {
  const use = "export { x } from 'flat-ranges'\n"
  await passes({ [`${SRC}/base/ranges.ts`]: use })
  await catches({ [`${SRC}/imap/sets.ts`]: use }, /imap\/sets\.ts:1: imports flat-ranges/)
  await catches({ [`${SRC}/base/ranges.ts`]: "import 'iconv-lite'\n" }, /ranges\.ts:1: imports iconv-lite/)
})

test('protocol rooms never import each other, not even types', async () => {
  await catches(
    {
      [`${SRC}/smtp/index.ts`]: 'export type Line = string\n',
      [`${SRC}/pop3/x.ts`]: "import type { Line } from '../smtp/index.ts'\nexport type X = Line\n",
    },
    /pop3\/x\.ts:1: imports \.\.\/smtp\/index\.ts \(protocol rooms/,
  )
})

test('server/ and client/ of one protocol never import each other', async () => {
  const file = 'export const x = 1\n'
  await catches(
    {
      [`${SRC}/imap/client/x.ts`]: file,
      [`${SRC}/imap/server/y.ts`]: "export { x } from '../client/x.ts'\n",
    },
    /server\/y\.ts:1: server\/ imports \.\.\/client\/x\.ts/,
  )
  await catches(
    { [`${SRC}/imap/server/x.ts`]: file, [`${SRC}/imap/client/y.ts`]: "import '../server/x.ts'\n" },
    /client\/y\.ts:1: client\/ imports \.\.\/server\/x\.ts/,
  )
})

test('a session file names no command, neither a well-known one nor a registered one', async () => {
  const session = (name: string): string => `// FETCH is fine here\nexport const x = '${name}'\n`
  await catches(
    { [`${SRC}/imap/server/session.ts`]: session('FETCH') },
    /session\.ts:2: names the command FETCH/,
  )
  await catches({ [`${SRC}/smtp/client/session.ts`]: session('EHLO') }, /names the command EHLO/)
  await passes({ [`${SRC}/smtp/server/session.ts`]: session('mail') }) // an event of the public API
  const registered = {
    [`${SRC}/imap/ext/id.ts`]: "export const id = { name: 'XWHO' }\nexport const two = command('XTWO')\n",
  }
  await passes({ [`${SRC}/imap/server/session.ts`]: session('XWHO') })
  await catches({ ...registered, [`${SRC}/imap/server/session.ts`]: session('XWHO') }, /the command XWHO/)
  await catches({ ...registered, [`${SRC}/imap/server/session.ts`]: session('XTWO') }, /the command XTWO/)
  await passes({ ...registered, [`${SRC}/pop3/server/session.ts`]: session('XWHO') })
})

test('a room is entered through its index.ts, base/ file by file', async () => {
  const use = (path: string): Record<string, string> => ({
    [`${SRC}/smtp/deep/x.ts`]: `import { x } from '${path}'\nexport { x }\n`,
  })
  await passes(use('../../text/index.ts'))
  await passes(use('../../base/bytes.ts'))
  await passes(use('../wire/lines.ts'))
  await catches(use('../../text/charset.ts'), /x\.ts:1: imports .*; use text\/index\.ts/)
  await catches(use('../../index.ts'), /the public surface is for users/)
  await catches(use('../../../../store/src/index.ts'), /outside of its package/)
})

test('base/ imports no room', async () => {
  await passes({ [`${SRC}/base/x.ts`]: "import type { X } from '../mime/index.ts'\nexport type Y = X\n" })
  await catches(
    { [`${SRC}/base/x.ts`]: "import { x } from '../mime/index.ts'\nexport { x }\n" },
    /base\/x\.ts:1: imports \.\.\/mime\/index\.ts/,
  )
})

test('rooms that need each other in a circle are caught, types too', async () => {
  const file = (room: string): string => `import type { X } from '../${room}/index.ts'\nexport type Y = X\n`
  await passes({ [`${SRC}/dns/x.ts`]: file('trust'), [`${SRC}/domain/x.ts`]: file('dns') })
  await catches(
    {
      [`${SRC}/dns/x.ts`]: file('trust'),
      [`${SRC}/domain/x.ts`]: file('dns'),
      [`${SRC}/trust/x.ts`]: file('domain'),
    },
    /closes the circle (?:dns → trust → domain → dns|domain → dns → trust → domain|trust → domain → dns → trust)/,
  )
})

test('the public surface names what it exports', async () => {
  await catches({ [`${SRC}/index.ts`]: "export * from './mailbox/index.ts'\n" }, /index\.ts:1: exports \*/)
})

test('companion packages use public subpaths only', async () => {
  const use = (path: string): Record<string, string> => ({
    'packages/store/src/x.ts': `import { x } from '${path}'\nexport { x }\n`,
  })
  await passes(use('email-server'))
  await passes(use('kysely'))
  await catches(
    use('email-server/base/bytes'),
    /imports email-server\/base\/bytes, which email-server does not/,
  )
  await catches(use('../../email-server/src/base/bytes.ts'), /outside of its package/)
})

test('modules keep no state of their own', async () => {
  await passes({
    [`${SRC}/smtp/x.ts`]:
      "export const KNOWN: ReadonlySet<string> = new Set(['a'])\nexport function f(): void {\n  let n = 0\n  n++\n}\n",
  })
  await catches({ [`${SRC}/smtp/x.ts`]: 'let count = 0\nexport { count }\n' }, /x\.ts:1: count is a variable/)
  await catches(
    { [`${SRC}/smtp/x.ts`]: 'export const cache: Map<string, number> = new Map<string, number>()\n' },
    /cache is an empty collection/,
  )
})

test('a module whose name is computed is caught', async () => {
  await catches({ [`${SRC}/smtp/x.ts`]: 'export const x = await import(name)\n' }, /name is computed/)
})

test('a file of more than 500 lines is caught', async () => {
  await passes({ [`${SRC}/smtp/x.ts`]: 'export {}\n'.repeat(500) })
  await catches({ [`${SRC}/smtp/x.ts`]: 'export {}\n'.repeat(501) }, /has 501 lines/)
})

test('a built protocol entry that reaches I/O through a chunk is caught', async () => {
  const entry = {
    'packages/email-server/dist/imap.js': 'import {\n  x\n} from "./chunk-A.js";\nexport { x };\n',
  }
  await passes({
    ...entry,
    'packages/email-server/dist/chunk-A.js': 'import { createHash } from "node:crypto";\n',
  })
  await catches(
    {
      ...entry,
      'packages/email-server/dist/chunk-A.js': 'import net from "node:net";\nexport { net as x };\n',
    },
    /dist\/chunk-A\.js:1: imap\.js reaches node:net/,
  )
})

test('public types that say Buffer or any are caught wherever they are declared; private ones are not', async () => {
  const build = 'packages/email-server/build/src'
  const index = `export { Session } from './server.ts';\n`
  const server = (said: string): string =>
    `import type { Options as Opts } from './options.ts';\nexport declare class Session {\n    constructor(options: Opts);\n}\nexport declare function hidden(x: ${said}): void;\n`
  const options = (said: string): string =>
    `// Buffer and any in a comment\nexport interface Options {\n    readonly any?: ArrayBuffer;\n    readonly body: ${said};\n}\n`
  const house = (one: string, two: string): Record<string, string> => ({
    [`${build}/smtp/index.d.ts`]: index,
    [`${build}/smtp/server.d.ts`]: server(one),
    [`${build}/smtp/options.d.ts`]: options(two),
  })
  await passes(house('Buffer', 'Uint8Array'))
  await catches(house('string', 'Buffer | null'), /options\.d\.ts:2: the public type Options says Buffer/)
  await catches(house('string', 'Map<string, any>'), /options\.d\.ts:2: the public type Options says any/)
})

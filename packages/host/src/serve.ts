// The development mail server: one store, one server, two people with some mail.
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { openStore, type Store } from '@email-server/store'
import { createServer, type ListenerName } from 'email-server'
import { type Certificate, certificateIn } from './certificate.ts'
import { type HostOptions, isLoopback } from './options.ts'
import { DOMAIN, PASSWORD, seedMessages, USERS } from './seed.ts'

export interface RunningHost {
  readonly data: string
  readonly ports: { readonly [K in ListenerName]?: number }
  readonly certificate: Certificate
  /** Passwords are taken without TLS. */
  readonly clearPasswords: boolean
  /** Says goodbye to open sessions, then closes the store. */
  close(): Promise<void>
}

const HOSTNAME = `mail.${DOMAIN}`
/** How long open sessions may take to end, ms. */
const CLOSE_TIMEOUT_MS = 5_000

function openAny({ store }: HostOptions, data: string): Promise<Store> {
  return store === null ? openStore(`sqlite:${data}`) : openStore(store, { bodies: join(data, 'bodies') })
}

/** Opens everything, or nothing. Rejects with an error whose message is the one line that a person needs. */
export async function serve(options: HostOptions): Promise<RunningHost> {
  const data = resolve(options.data)
  await makeDirectory(data)
  const certificate = await certificateIn(data, HOSTNAME)
  const store = await openAny(options, data)
  try {
    if (!(await store.hasUsers())) await seed(store)
    const clearPasswords = isLoopback(options.host) && !options.requireTls
    const server = createServer({
      hostname: HOSTNAME,
      host: options.host,
      ports: Object.fromEntries(options.ports),
      tlsOptions: { cert: certificate.cert, key: certificate.key },
      allowInsecureAuth: clearPasswords,
      closeTimeout: CLOSE_TIMEOUT_MS,
    })
    store.attach(server)
    server.on('error', error =>
      console.error(`${new Date().toISOString()} ${error.message}`, error.cause ?? ''),
    )
    await server.listen()
    return {
      data,
      ports: server.ports,
      certificate,
      clearPasswords,
      close: async () => {
        await server.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
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

// Passwords: scrypt (RFC 7914), kept as PHC strings `$scrypt$ln=14,r=8,p=5$salt$hash`, the parameters that OWASP gives
// for 16 MiB of memory.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const LN = 14
const R = 8
const P = 5
const HASH_BYTES = 32
const SALT_BYTES = 16

/** Hashes computed at a time: the thread pool also writes and flushes files. */
const AT_A_TIME = 2
/** Logins remembered for a while, so that a client that opens ten connections pays for one hash. */
const REMEMBERED = 1000
const REMEMBERED_MS = 5 * 60_000

/** Nobody's password: what is checked for users that do not exist, so that they take as long as the others. */
const NOBODY = `$scrypt$ln=${LN},r=${R},p=${P}$${base64(Buffer.alloc(SALT_BYTES))}$${base64(Buffer.alloc(HASH_BYTES))}`

export class Passwords {
  readonly #secret = randomBytes(32)
  readonly #good = new Map<string, number>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** The PHC string of a password. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES)
    const hash = await this.#scrypt(password, salt, LN, R, P, HASH_BYTES)
    return `$scrypt$ln=${LN},r=${R},p=${P}$${base64(salt)}$${base64(hash)}`
  }

  /** Is it this password? `null` stands for a user that does not exist: takes its time and says no. */
  async verify(password: string, phc: string | null): Promise<boolean> {
    const parsed = parsePhc(phc ?? NOBODY)
    if (!parsed) throw new Error('a password hash in the database is not of a known kind')
    const key = createHmac('sha256', this.#secret).update(`${phc}\0${password}`).digest('base64')
    if ((this.#good.get(key) ?? 0) > Date.now()) return true
    const hash = await this.#scrypt(password, parsed.salt, parsed.ln, parsed.r, parsed.p, parsed.hash.length)
    const equal = timingSafeEqual(hash, parsed.hash) && phc !== null
    if (equal) {
      if (this.#good.size >= REMEMBERED) this.#good.clear()
      this.#good.set(key, Date.now() + REMEMBERED_MS)
    }
    return equal
  }

  async #scrypt(
    password: string,
    salt: Buffer,
    ln: number,
    r: number,
    p: number,
    length: number,
  ): Promise<Buffer> {
    if (this.#running >= AT_A_TIME) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#running++
    try {
      const options = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r }
      return await new Promise((resolve, reject) => {
        scrypt(password.normalize('NFC'), salt, length, options, (error, key) => {
          if (error) reject(error)
          else resolve(key)
        })
      })
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}

function parsePhc(phc: string): { ln: number; r: number; p: number; salt: Buffer; hash: Buffer } | null {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
    phc,
  )
  if (!match) return null
  const [, ln, r, p, salt, hash] = match
  return {
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt!, 'base64'),
    hash: Buffer.from(hash!, 'base64'),
  }
}

/** PHC strings have no padding. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

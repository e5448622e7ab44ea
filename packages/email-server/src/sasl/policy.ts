// Which mechanisms a server offers, in one place for the three protocols, and what unknown users look like.
import { randomBytes } from '../base/crypto.ts'
import { describe, optionError } from '../base/errors.ts'
import { late } from '../base/late.ts'
import type { TlsInfo } from '../base/runtime.ts'
import { encodeSaslBase64 } from './base64.ts'
import { MECHANISMS } from './choose.ts'
import type { SaslMechanism, SaslServerContext } from './mechanism.ts'
import { DEFAULT_SCRAM_ITERATIONS, hmac, MOST_SCRAM_ITERATIONS, type ScramKeys } from './scram-keys.ts'

/** What can be offered. A SCRAM name stands for the -PLUS variant too, where the connection has something to bind to. */
export type AuthMechanism =
  | 'PLAIN'
  | 'LOGIN'
  | 'XOAUTH2'
  | 'OAUTHBEARER'
  | 'SCRAM-SHA-1'
  | 'SCRAM-SHA-256'
  | 'EXTERNAL'
  | 'ANONYMOUS'
  | 'CRAM-MD5'
  | 'APOP'

export interface AuthOptions {
  /**
   * The mechanisms on offer, in the order in which they are advertised; name what your `auth` listener can answer. SCRAM wants
   * `info.acceptKeys`, CRAM-MD5 and POP3's APOP want `info.acceptSecret`, EXTERNAL wants `info.clientCertificate` to be judged, ANONYMOUS lets everybody in.
   * Without PLAIN and LOGIN, IMAP's LOGIN and POP3's USER and PASS are closed too. Default: PLAIN, LOGIN, XOAUTH2, OAUTHBEARER.
   */
  readonly mechanisms?: readonly AuthMechanism[]
  /** The SCRAM iterations of a user that does not exist: what `scramKeys` was given for those that do. Default 10,000. */
  readonly scramIterations?: number
  /**
   * From this the salts of users that do not exist are made. Give the same to every process and at every start, or who asks twice
   * can tell that a user does not exist. Default: random.
   */
  readonly decoySecret?: string | Uint8Array
}

const DEFAULT: readonly AuthMechanism[] = ['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER']

const NAMES: ReadonlySet<string> = new Set<AuthMechanism>([
  ...DEFAULT,
  'SCRAM-SHA-1',
  'SCRAM-SHA-256',
  'EXTERNAL',
  'ANONYMOUS',
  'CRAM-MD5',
  'APOP',
])

const SALT_OCTETS = 16
const NONCE_OCTETS = 18

/** Resolved options; a server makes one for all of its sessions. */
export class AuthPolicy implements AuthOptions {
  readonly mechanisms: readonly AuthMechanism[]
  readonly scramIterations: number
  readonly #offered: readonly SaslMechanism[]
  readonly #secret: () => Uint8Array

  /** Throws `ECONFIG` for what cannot be. */
  constructor(options: AuthOptions = {}) {
    if (typeof options !== 'object' || options === null) throw optionError('auth', 'an object', options)
    const { mechanisms = DEFAULT, scramIterations = DEFAULT_SCRAM_ITERATIONS, decoySecret } = options
    if (!Array.isArray(mechanisms)) throw optionError('auth.mechanisms', 'an array of names', mechanisms)
    for (const name of mechanisms as readonly string[]) {
      if (!NAMES.has(name)) throw optionError('auth.mechanisms', [...NAMES].join(', '), name)
    }
    if (
      !Number.isSafeInteger(scramIterations) ||
      scramIterations < 1 ||
      scramIterations > MOST_SCRAM_ITERATIONS
    ) {
      throw optionError(
        'auth.scramIterations',
        `a whole number from 1 to ${MOST_SCRAM_ITERATIONS}`,
        scramIterations,
      )
    }
    if (
      decoySecret !== undefined &&
      typeof decoySecret !== 'string' &&
      !(decoySecret instanceof Uint8Array)
    ) {
      throw optionError('auth.decoySecret', 'text or bytes', describe(decoySecret))
    }
    this.mechanisms = [...new Set(mechanisms as readonly AuthMechanism[])]
    this.scramIterations = scramIterations
    this.#offered = this.mechanisms.flatMap(name =>
      MECHANISMS.filter(each => each.name === name || each.name === `${name}-PLUS`),
    )
    this.#secret = late(() =>
      decoySecret === undefined
        ? randomBytes(32)
        : hmac('sha256', new Uint8Array(0), typeof decoySecret === 'string' ? decoySecret : hex(decoySecret)),
    )
  }

  static of(options: AuthOptions | undefined): AuthPolicy {
    return options instanceof AuthPolicy ? options : new AuthPolicy(options)
  }

  /** Is a name and a password taken at all, by whatever command? */
  get passwords(): boolean {
    return this.mechanisms.includes('PLAIN') || this.mechanisms.includes('LOGIN')
  }

  get apop(): boolean {
    return this.mechanisms.includes('APOP')
  }

  /** What is advertised on this connection now. */
  open(tls: TlsInfo | null, allowInsecureAuth: boolean): readonly SaslMechanism[] {
    return this.#offered.filter(
      each => (!each.plaintext || tls !== null || allowInsecureAuth) && (each.possible?.(tls) ?? true),
    )
  }

  /** The mechanism of this name in any case; why not, when it cannot be used now. */
  find(
    name: string,
    tls: TlsInfo | null,
    allowInsecureAuth: boolean,
  ): SaslMechanism | 'unknown' | 'needs-tls' {
    const wanted = name.toUpperCase()
    const open = this.open(tls, allowInsecureAuth).find(each => each.name === wanted)
    if (open) return open
    const known = this.#offered.find(each => each.name === wanted)
    return known?.plaintext ? 'needs-tls' : 'unknown'
  }

  context(
    tls: TlsInfo | null,
    hostname: string,
    random: ((length: number) => Uint8Array) | undefined,
  ): SaslServerContext {
    return {
      tls,
      hostname,
      nonce: () => encodeSaslBase64((random ?? randomBytes)(NONCE_OCTETS)),
      bindingOffered: this.#offered.some(
        each => each.name.endsWith('-PLUS') && each.possible?.(tls) === true,
      ),
      decoyKeys: (username, keyLength) => this.#decoyKeys(username, keyLength),
    }
  }

  #decoyKeys(username: string, keyLength: number): ScramKeys {
    const derived = (what: string): Uint8Array =>
      hmac('sha256', this.#secret(), `${what} ${keyLength} ${username}`)
    return {
      salt: derived('salt').subarray(0, SALT_OCTETS),
      iterations: this.scramIterations,
      storedKey: derived('stored key').subarray(0, keyLength),
      serverKey: derived('server key').subarray(0, keyLength),
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

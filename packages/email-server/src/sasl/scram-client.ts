// The client side of SCRAM (RFC 5802 §5): proves the password without sending it, and has the server prove that it knows it too.
import { concat, EMPTY, fromUtf8 } from '../base/bytes.ts'
import { timingSafeEqual } from '../base/crypto.ts'
import { MailError } from '../base/errors.ts'
import type { ChannelBindingType, TlsInfo } from '../base/runtime.ts'
import { encodeSaslBase64 } from './base64.ts'
import { unexpected, withoutNul } from './client.ts'
import type { ClientCredentials, SaslClientContext, SaslClientExchange } from './mechanism.ts'
import { saslprep } from './saslprep.ts'
import {
  clientKey,
  hash,
  hmac,
  MOST_SCRAM_ITERATIONS,
  type ScramDigest,
  saltedPassword,
  serverKey,
  xor,
} from './scram-keys.ts'
import { readServerFinal, readServerFirst, readText, writeName } from './scram-messages.ts'

/** RFC 7677 §4; a server that asks for fewer rounds makes guessing cheap for who has heard the exchange. */
const FEWEST_ITERATIONS = 4096

const NONCE_OCTETS = 18

/** The best first: tls-unique is the one of TLS 1.2, tls-exporter of what came after (RFC 9266 §3). */
export const BINDING_TYPES: readonly ChannelBindingType[] = [
  'tls-exporter',
  'tls-unique',
  'tls-server-end-point',
]

export interface ChannelBinding {
  readonly type: ChannelBindingType
  readonly data: Uint8Array
}

/** What to bind to on this connection; null when it has nothing. */
export function channelBinding(tls: TlsInfo | null): ChannelBinding | null {
  for (const type of BINDING_TYPES) {
    const data = tls?.channelBinding?.(type)
    if (data) return { type, data }
  }
  return null
}

export class ScramClient implements SaslClientExchange {
  readonly #mechanism: string
  readonly #digest: ScramDigest
  readonly #password: string
  readonly #nonce: string
  readonly #gs2Header: string
  readonly #binding: ChannelBinding | null
  readonly #bare: string
  /** What the server has to answer in its final message; null before the client has sent its proof. */
  #signature: Uint8Array | null = null
  #next: 'first' | 'final' | 'end' = 'first'
  #verified = false

  constructor(
    mechanism: string,
    digest: ScramDigest,
    credentials: ClientCredentials,
    context: SaslClientContext,
  ) {
    this.#mechanism = mechanism
    this.#digest = digest
    const { user, pass = '', authorizationId = '' } = credentials
    const name = saslprep(withoutNul(user), 'query')
    if (name === '') throw new MailError('EAUTH', 'SCRAM wants a user name')
    this.#password = saslprep(pass, 'query')
    this.#nonce = encodeSaslBase64(context.random(NONCE_OCTETS))
    const available = channelBinding(context.tls)
    this.#binding = mechanism.endsWith('-PLUS') ? available : null
    const flag = this.#binding ? `p=${this.#binding.type}` : unboundFlag(available, mechanism, context)
    const authzid = authorizationId === '' ? '' : `a=${writeName(withoutNul(authorizationId))}`
    this.#gs2Header = `${flag},${authzid},`
    this.#bare = `n=${writeName(name)},r=${this.#nonce}`
  }

  initial(): Uint8Array {
    return fromUtf8(this.#gs2Header + this.#bare)
  }

  async step(challenge: Uint8Array): Promise<Uint8Array> {
    if (this.#next === 'first') {
      this.#next = 'final'
      return this.#prove(challenge)
    }
    if (this.#next === 'final') {
      this.#next = 'end'
      this.#verify(challenge)
      return EMPTY
    }
    throw unexpected(this.#mechanism)
  }

  finish(data: Uint8Array | null): void {
    if (this.#next === 'final' && data !== null && data.length > 0) {
      this.#next = 'end'
      this.#verify(data)
    }
    // §5: a server that cannot prove that it has our keys is not the one that we know
    if (!this.#verified) {
      throw new MailError('EAUTH', `the server let us in without its part of ${this.#mechanism}`)
    }
  }

  async #prove(challenge: Uint8Array): Promise<Uint8Array> {
    const serverFirst = readText(challenge)
    const message = serverFirst === null ? null : readServerFirst(serverFirst)
    if (!message) throw this.#broken('a first message that is none')
    const { nonce, salt, iterations } = message
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw this.#broken("a nonce that is not ours with the server's own behind it")
    }
    if (iterations < FEWEST_ITERATIONS || iterations > MOST_SCRAM_ITERATIONS) {
      throw this.#broken(
        `${iterations} iterations (${FEWEST_ITERATIONS} to ${MOST_SCRAM_ITERATIONS} are taken)`,
      )
    }
    const digest = this.#digest
    const bound = concat([fromUtf8(this.#gs2Header), this.#binding?.data ?? EMPTY])
    const withoutProof = `c=${encodeSaslBase64(bound)},r=${nonce}`
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`
    const salted = await saltedPassword(digest, this.#password, salt, iterations)
    const key = clientKey(digest, salted)
    const proof = xor(key, hmac(digest, hash(digest, key), authMessage))
    this.#signature = hmac(digest, serverKey(digest, salted), authMessage)
    return fromUtf8(`${withoutProof},p=${encodeSaslBase64(proof)}`)
  }

  #verify(data: Uint8Array): void {
    const text = readText(data)
    const message = text === null ? null : readServerFinal(text)
    if (!message) throw this.#broken('a final message that is none')
    if ('error' in message)
      throw new MailError('EAUTH', `${this.#mechanism}: the server says ${shown(message.error)}`)
    const expected = this.#signature
    const { signature } = message
    if (!expected || signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw this.#broken('a signature that is not made from our password')
    }
    this.#verified = true
  }

  #broken(what: string): MailError {
    return new MailError('EAUTH', `${this.#mechanism}: the server has sent ${what}`)
  }
}

/** §6: `y` tells a server that does bind that somebody has removed the names with -PLUS from its list. */
function unboundFlag(
  available: ChannelBinding | null,
  mechanism: string,
  { offered }: SaslClientContext,
): 'n' | 'y' {
  return available && offered && !offered.includes(`${mechanism}-PLUS`) ? 'y' : 'n'
}

/** RFC 5802 §7 server-error-value is a word; what else a server makes of it is not repeated. */
function shown(error: string): string {
  return /^[a-z-]{1,60}$/.test(error) ? error : 'no'
}

// The server side of SCRAM (RFC 5802 §5). The `auth` handler is asked for the keys of the user before the client proves anything;
// for a user that it does not know, the exchange goes on with keys that nobody has, so that the client learns nothing.
import { concat, EMPTY, fromUtf8 } from '../base/bytes.ts'
import { timingSafeEqual } from '../base/crypto.ts'
import { encodeSaslBase64 } from './base64.ts'
import type { SaslExchange, SaslServerContext, SaslStep } from './mechanism.ts'
import { saslprep } from './saslprep.ts'
import { BINDING_TYPES } from './scram-client.ts'
import { hash, hmac, type ScramDigest, type ScramKeys, xor } from './scram-keys.ts'
import { type ClientFirst, readClientFinal, readClientFirst, readText } from './scram-messages.ts'
import type { AuthVerdict } from './verdict.ts'

interface Asked {
  readonly first: ClientFirst
  readonly nonce: string
  readonly serverFirst: string
  readonly keys: ScramKeys
  readonly verdict: AuthVerdict
  /** The data that the client must have bound itself to; empty without a channel binding. */
  readonly bound: Uint8Array
}

export class ScramServer implements SaslExchange {
  readonly #mechanism: string
  readonly #digest: ScramDigest
  readonly #context: SaslServerContext
  #asked: Asked | null = null
  #over = false

  constructor(mechanism: string, digest: ScramDigest, context: SaslServerContext) {
    this.#mechanism = mechanism
    this.#digest = digest
    this.#context = context
  }

  step(response: Uint8Array | null): SaslStep {
    if (this.#over) return this.#malformed('is over')
    if (this.#asked) return this.#check(this.#asked, response ?? EMPTY)
    if (response === null) return { kind: 'challenge', bytes: EMPTY }
    return this.#begin(response)
  }

  #begin(response: Uint8Array): SaslStep {
    const text = readText(response)
    const first = text === null ? null : readClientFirst(text)
    if (!first) return this.#malformed('begins with a client-first-message')
    const bound = this.#boundData(first)
    if (!(bound instanceof Uint8Array)) return bound
    let username: string
    try {
      username = saslprep(first.username, 'query')
    } catch {
      return this.#malformed('wants a user name that RFC 4013 allows')
    }
    if (username === '') return this.#malformed('wants a user name')
    return {
      kind: 'lookup',
      credentials: {
        authMethod: this.#digest === 'sha1' ? 'scram-sha-1' : 'scram-sha-256',
        username,
        password: '',
        authorizationId: first.authorizationId,
        needs: 'keys',
      },
      resume: verdict => this.#challenge(first, username, bound, verdict),
    }
  }

  /** RFC 5802 §6: what the flag promises of the channel must be true here. */
  #boundData(first: ClientFirst): Uint8Array | SaslStep {
    const plus = this.#mechanism.endsWith('-PLUS')
    if (first.flag === 'p') {
      const { bindingType } = first
      if (!plus) return this.#refused()
      const type = BINDING_TYPES.find(each => each === bindingType)
      return (type && this.#context.tls?.channelBinding?.(type)) ?? this.#refused()
    }
    if (plus) return this.#malformed('wants a channel binding')
    // somebody between us has taken the names with -PLUS out of our list
    if (first.flag === 'y' && this.#context.bindingOffered) {
      return this.#refused()
    }
    return EMPTY
  }

  #challenge(first: ClientFirst, username: string, bound: Uint8Array, verdict: AuthVerdict): SaslStep {
    const octets = this.#digest === 'sha1' ? 20 : 32
    // made in any case: a user that there is must not answer sooner
    const decoy = this.#context.decoyKeys(username, octets)
    const given = verdict.ok ? verdict.keys : undefined
    const keys = given?.storedKey.length === octets ? given : decoy
    const nonce = first.nonce + this.#context.nonce()
    const serverFirst = `r=${nonce},s=${encodeSaslBase64(keys.salt)},i=${keys.iterations}`
    this.#asked = { first, nonce, serverFirst, keys, verdict, bound }
    return { kind: 'challenge', bytes: fromUtf8(serverFirst) }
  }

  #check({ first, nonce, serverFirst, keys, verdict, bound }: Asked, response: Uint8Array): SaslStep {
    this.#over = true
    const text = readText(response)
    const final = text === null ? null : readClientFinal(text)
    if (!final) return this.#malformed('goes on with a client-final-message')
    if (final.binding !== encodeSaslBase64(concat([fromUtf8(first.gs2Header), bound]))) {
      return this.#refused()
    }
    if (final.nonce !== nonce) return this.#refused()
    const digest = this.#digest
    const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`
    const signature = hmac(digest, keys.storedKey, authMessage)
    const proven =
      final.proof.length === signature.length &&
      timingSafeEqual(hash(digest, xor(final.proof, signature)), keys.storedKey)
    if (!proven || !verdict.ok) {
      return { kind: 'refused', message: verdict.ok ? null : verdict.message }
    }
    const data = fromUtf8(`v=${encodeSaslBase64(hmac(digest, keys.serverKey, authMessage))}`)
    return { kind: 'proven', username: verdict.username, data }
  }

  /** §5.1: the server's error message is optional; without it the client hears of its failure one round trip sooner. */
  #refused(): SaslStep {
    this.#over = true
    return { kind: 'refused', message: null }
  }

  #malformed(what: string): SaslStep {
    this.#over = true
    return { kind: 'malformed', reason: `${this.#mechanism} ${what}` }
  }
}

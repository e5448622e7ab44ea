// Which certificate for whom: the server's own, those of its domains, those that `SNICallback` finds. Options that were found are kept, and
// node/ keeps one context for each, so that a certificate is parsed once; a new one takes over from the next handshake on.
import { MailError, optionError } from '../base/errors.ts'
import type { Runtime, SecureContextLike, TlsOptions } from '../base/runtime.ts'
import { domainToAscii } from '../text/index.ts'

/** What a handshake needs: options, or a context that was made by `tls.createSecureContext`. */
export type TlsChoice = TlsOptions | SecureContextLike

/** Finds the certificate for a name: calls back (or resolves) with TLS options or a context, or with nothing for the default one. */
export type SniCallback = (
  servername: string,
  callback: (error: Error | null, chosen?: TlsChoice | null) => void,
) => unknown

export interface TlsStoreOptions {
  readonly tls: TlsOptions | null
  readonly sni: SniCallback | null
  readonly runtime: Pick<Runtime, 'checkTls'>
  /** Names whose certificates are kept. */
  readonly most: number
}

export class TlsStore {
  readonly #options: TlsStoreOptions
  /** Of `addDomain`, by domain. */
  readonly #domains = new Map<string, TlsOptions>()
  /** Of `SNICallback`, by name; the oldest first. */
  readonly #found = new Map<string, TlsChoice>()
  #current: TlsOptions | null = null

  /** Throws ECONFIG for what cannot be used. */
  constructor(options: TlsStoreOptions) {
    this.#options = options
    if (options.tls === null && options.sni !== null) {
      throw new MailError('ECONFIG', 'SNICallback needs tlsOptions, for clients that ask for no name')
    }
    if (options.tls !== null) this.setDefault(options.tls)
  }

  /** For the next handshake; null: there is no TLS here. */
  get current(): TlsOptions | null {
    return this.#current
  }

  /** Throws ECONFIG, and then changes nothing. */
  setDefault(tls: TlsOptions): void {
    this.#check('tlsOptions', tls)
    this.#current = { ...tls, select: name => this.#select(name) }
  }

  /** For a domain and every name below it. Throws ECONFIG, and then changes nothing. */
  setDomain(domain: string, tls: TlsOptions): void {
    this.#check('tls', tls)
    this.#domains.set(domain, { ...tls })
  }

  removeDomain(domain: string): void {
    this.#domains.delete(domain)
  }

  /** Forgets what `SNICallback` has found, for one name or for all. */
  clear(servername?: string): void {
    if (servername === undefined) this.#found.clear()
    else this.#found.delete(nameKey(servername))
  }

  async #select(servername: string): Promise<TlsChoice | null> {
    const name = nameKey(servername)
    const known = this.#found.get(name)
    if (known) return known
    const { sni, most } = this.#options
    const chosen = sni ? await ask(sni, servername) : null
    if (!chosen) return this.#ofDomain(name)
    if (typeof chosen !== 'object') throw optionError('SNICallback', 'one that gives TLS options', chosen)
    this.#found.set(name, chosen)
    if (this.#found.size > most) {
      for (const oldest of this.#found.keys()) {
        this.#found.delete(oldest)
        break
      }
    }
    return chosen
  }

  /** `mx.example.com`, `example.com`, `com`: the nearest that has a certificate. */
  #ofDomain(name: string): TlsOptions | null {
    for (let at = name; at !== ''; at = at.slice(at.indexOf('.') + 1)) {
      const found = this.#domains.get(at)
      if (found) return found
      if (!at.includes('.')) break
    }
    return null
  }

  #check(option: string, tls: TlsOptions): void {
    if (typeof tls !== 'object' || tls === null || !tls.cert || !tls.key) {
      throw optionError(option, 'an object with cert and key', tls)
    }
    try {
      this.#options.runtime.checkTls(tls)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new MailError('ECONFIG', `${option} cannot be used: ${why}`, { cause: error })
    }
  }
}

/** The first answer counts. */
function ask(sni: SniCallback, servername: string): Promise<TlsChoice | null> {
  return new Promise((resolve, reject) => {
    const result = sni(servername, (error, chosen) => (error ? reject(error) : resolve(chosen ?? null)))
    if (result instanceof Promise) {
      // an async function may still answer by its callback
      result.then(value => value !== undefined && resolve((value as TlsChoice | null) ?? null), reject)
    }
  })
}

function nameKey(servername: string): string {
  return (domainToAscii(servername) || servername).toLowerCase().replace(/\.$/, '').slice(0, 255)
}

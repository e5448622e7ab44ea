// Who may ask. The page shows all mail to whoever reaches it, so nobody else's web page may reach it through a browser: not by a name that points here
// (DNS rebinding), not by a form or a script elsewhere (CSRF), not by a frame or a script element. Beyond this machine it wants a token as well.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { HttpError } from './answers.ts'

export interface GuardOptions {
  /** Names in Host that are ours beside `localhost` and the address that was connected to; lower case, without ports. */
  readonly names: readonly string[]
  /** Wanted of everybody; null: nobody is asked. */
  readonly token: string | null
}

export const TOKEN_COOKIE = 'email-server-token'
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'DELETE'])

export class Guard {
  readonly #names: ReadonlySet<string>
  readonly #token: Buffer | null

  constructor({ names, token }: GuardOptions) {
    this.#names = new Set(['localhost', '127.0.0.1', '[::1]', ...names])
    this.#token = token === null ? null : digest(token)
  }

  /** Throws HttpError for whoever may not ask this. `isPage`: a link elsewhere may lead there. */
  check(request: IncomingMessage, isPage: boolean): void {
    this.checkHost(request)
    checkOrigin(request, isPage)
    if (this.#token && !this.isToken(cookieOf(request)) && !this.isToken(bearerOf(request))) {
      throw new HttpError(401, 'open the address that was printed at the start: it has the token', {
        'WWW-Authenticate': 'Bearer',
      })
    }
  }

  /** A name that points here is not yet ours: whoever owns it would be of the same origin as we are. */
  checkHost(request: IncomingMessage): void {
    // RFC 9112 §3.2; Node would take the first of several
    if ((request.headersDistinct['host']?.length ?? 0) > 1)
      throw new HttpError(400, 'two names are one too many')
    const host = request.headers.host ?? ''
    const name = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?$/.exec(host.toLowerCase())?.[1]
    const { localAddress = '' } = request.socket
    const here = localAddress.replace(/^::ffff:(?=\d+\.)/, '')
    // an address is nobody's name: it cannot be made to point elsewhere
    const isHere = name === (here.includes(':') ? `[${here}]` : here)
    if (name === undefined || !(this.#names.has(name) || isHere)) {
      throw new HttpError(421, 'this server has another name (--web-host allows more of them)')
    }
  }

  isToken(text: string | null): boolean {
    return this.#token !== null && text !== null && timingSafeEqual(digest(text), this.#token)
  }
}

function checkOrigin(request: IncomingMessage, isPage: boolean): void {
  const { method = '', headers } = request
  if (!METHODS.has(method)) throw new HttpError(405, 'no such method', { Allow: [...METHODS].join(', ') })
  const site = headers['sec-fetch-site']
  const changes = method === 'POST' || method === 'DELETE'
  // browsers say from where a request comes; other programs are led by nobody
  if (site !== undefined && site !== 'same-origin' && (changes || (site !== 'none' && !isPage))) {
    throw new HttpError(403, 'asked from another origin')
  }
  if (!changes) return
  const { origin, host } = headers
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new HttpError(403, 'asked from another origin')
  }
  if (method === 'POST' && !/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    throw new HttpError(415, 'the body has to be application/json')
  }
}

function cookieOf(request: IncomingMessage): string | null {
  for (const cookie of (request.headers.cookie ?? '').split(';')) {
    const [name, value = ''] = cookie.trim().split('=', 2)
    if (name === TOKEN_COOKIE) return value
  }
  return null
}

function bearerOf(request: IncomingMessage): string | null {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

/** Of one length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

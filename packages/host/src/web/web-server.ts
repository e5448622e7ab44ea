// The web server of `npm start`: the page, the API, and what keeps both to themselves. Every request has a limit of size and time, and so have connections.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkLength, HttpError, sendError, setCommonHeaders } from './answers.ts'
import type { ApiHandler } from './api.ts'
import { type Guard, TOKEN_COOKIE } from './guard.ts'
import { NotThere } from './mailboxes.ts'
import { findRoute, type Route } from './router.ts'
import type { StaticFiles } from './static-files.ts'

export interface WebServerParts {
  readonly guard: Guard
  readonly files: StaticFiles
  readonly routes: readonly Route<ApiHandler>[]
  readonly onError: (error: unknown) => void
}

const LIMITS = {
  /** Octets of a request's header. */
  header: 16 * 1024,
  /** Until a header is there, and a whole request, ms. */
  headerTime: 10_000,
  requestTime: 20_000,
  /** Without a word in either direction, ms. Longer than any wait of the API, and than the heartbeat of events. */
  idleTime: 90_000,
  connections: 256,
}

export class WebServer {
  readonly #parts: WebServerParts
  readonly #server: Server

  constructor(parts: WebServerParts) {
    this.#parts = parts
    this.#server = createServer(
      {
        maxHeaderSize: LIMITS.header,
        headersTimeout: LIMITS.headerTime,
        requestTimeout: LIMITS.requestTime,
        connectionsCheckingInterval: 1000,
      },
      (request, response) => this.#answer(request, response),
    )
    this.#server.timeout = LIMITS.idleTime
    this.#server.maxConnections = LIMITS.connections
  }

  /** Resolves with the port. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        const why = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${error.code})`
        reject(new Error(`port ${port} of the web page ${why}; --web takes another, --no-web does without`))
      }
      this.#server.once('error', failed)
      this.#server.listen({ port, host }, () => {
        this.#server.off('error', failed)
        this.#server.on('error', this.#parts.onError)
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** Nobody is waited for: a page comes back by itself. */
  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setCommonHeaders(response)
    // a peer that breaks off is no failure
    request.on('error', () => {})
    response.on('error', () => {})
    try {
      await this.#route(request, response)
    } catch (error) {
      sendError(response, this.#asHttpError(error))
    }
    // a body that nobody wanted is not read
    if (!request.complete && response.writableEnded) request.destroy()
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { guard, files, routes } = this.#parts
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s, 2)
    if (!path.startsWith('/')) throw new HttpError(400, 'a path begins with /')
    const isPage = path === '/' && (request.method === 'GET' || request.method === 'HEAD')
    if (isPage && this.#takeToken(request, response, query)) return
    guard.check(request, isPage)
    checkLength(request)
    if (isPage || !path.startsWith('/api/')) {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        throw new HttpError(405, 'that cannot be done here', { Allow: 'GET, HEAD' })
      }
      if (files.serve(path, request, response)) return
      throw new HttpError(404, 'there is nothing of that name')
    }
    const { handler, values } = findRoute(routes, request.method ?? '', path)
    await handler({
      request,
      response,
      query: new URLSearchParams(query),
      value: name => values.get(name) ?? '',
    })
  }

  /** The printed address has the token: it becomes a cookie, and leaves the address bar. */
  #takeToken(request: IncomingMessage, response: ServerResponse, query: string): boolean {
    const { guard } = this.#parts
    const token = new URLSearchParams(query).get('token')
    if (token === null) return false
    guard.checkHost(request)
    if (!guard.isToken(token)) return false
    response.writeHead(303, {
      'Set-Cookie': `${TOKEN_COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000`,
      Location: '/',
    })
    response.end()
    return true
  }

  #asHttpError(error: unknown): HttpError {
    if (error instanceof HttpError) return error
    if (error instanceof NotThere) return new HttpError(404, error.message)
    this.#parts.onError(error)
    return new HttpError(500, 'that has failed; the server has printed why')
  }
}

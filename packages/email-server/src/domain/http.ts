// What a handler of ours needs of an HTTP request and answer: node:http's have it, and so do those of Express, fastify (`raw`) and node:http2.

export interface HttpRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express: the address before routers cut it. */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Express: the body, when somebody has read it. */
  readonly body?: unknown
  readonly [Symbol.asyncIterator]?: () => AsyncIterator<unknown>
}

export interface HttpResponse {
  statusCode: number
  setHeader(name: string, value: string | number): unknown
  end(body?: string): unknown
}

/** `(req, res)` for an HTTP server; what is not its own is a 404, or goes to `next` where there is one (Express). */
export type HttpHandler = (request: HttpRequest, response: HttpResponse, next?: () => void) => void

/** The host that was asked for: lower case, without port and final dot; '' when none was. */
export function requestHost({ headers }: HttpRequest): string {
  // HTTP/2 has it in a pseudo-header (RFC 9113 §8.3.1)
  const host = headers.host ?? headers[':authority']
  if (typeof host !== 'string' || host.length > 300) return ''
  return host
    .toLowerCase()
    .replace(/:[0-9]{0,5}$/, '')
    .replace(/\.$/, '')
}

/** The path that was asked for, without its query. */
export function requestPath({ url = '', originalUrl = url }: HttpRequest): string {
  const query = originalUrl.indexOf('?')
  return query < 0 ? originalUrl : originalUrl.slice(0, query)
}

export function respond(
  response: HttpResponse,
  contentType: string,
  body: string,
  { status = 200, headOnly = false }: { readonly status?: number; readonly headOnly?: boolean } = {},
): void {
  response.statusCode = status
  response.setHeader('Content-Type', contentType)
  response.setHeader('Content-Length', Buffer.byteLength(body))
  if (headOnly) response.end()
  else response.end(body)
}

/** Somebody else's request. */
export function passOn(response: HttpResponse, next: (() => void) | undefined): void {
  if (next) next()
  else respond(response, 'text/plain; charset=utf-8', 'Not found\n', { status: 404 })
}

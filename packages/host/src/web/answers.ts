// What goes back over HTTP, and with which headers. Whatever it is: no other origin may read or frame it, and no browser may guess its type.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorView } from './api-types.ts'

/** The page: its own scripts and styles, its own API, frames of its own (the mail); nothing inline, nothing from elsewhere. */
export const PAGE_CSP: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Data: even if a browser is made to open it, it can do nothing. */
const DATA_CSP = "sandbox; default-src 'none'; frame-ancestors 'none'"

/** A request that is not granted; the message is for the one who asked. */
export class HttpError extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/** Set before anything else, so that every answer has them. */
export function setCommonHeaders(response: ServerResponse): void {
  response.setHeader('Content-Security-Policy', DATA_CSP)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('X-DNS-Prefetch-Control', 'off')
  response.setHeader('Cache-Control', 'no-store')
}

export function sendJson(response: ServerResponse, value: unknown, status: number = 200): void {
  send(response, status, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(value)))
}

export function sendError(response: ServerResponse, error: HttpError): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  sendJson(response, { error: error.message } satisfies ErrorView, error.status)
}

export function send(response: ServerResponse, status: number, type: string, body: Uint8Array): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length })
  response.end(body)
}

/** Octets as a file: never shown, whatever they say they are. */
export function sendDownload(response: ServerResponse, name: string, body: Uint8Array): void {
  response.setHeader('Content-Disposition', attachmentNamed(name))
  send(response, 200, 'application/octet-stream', body)
}

/** RFC 6266 §4.1, RFC 8187 §3.2: what is not plain ASCII is percent-encoded; what could be a path is not part of a name. */
export function attachmentNamed(name: string): string {
  const plain = safeFileName(name)
  const ascii = plain.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(plain).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

/** A name that a browser may save a file under: no path, no control or direction characters, no leading dot. */
function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1)!
  const clean = wellFormed(last)
    .replace(/[\p{Cc}\p{Cf}:*?"<>|]/gu, '_')
    .replace(/^\.+/, '')
    .trim()
    .slice(0, 150)
  return clean === '' ? 'attachment' : wellFormed(clean)
}

/** Without halves of surrogate pairs, which cannot be encoded. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/**
 * Elements that make a browser connect somewhere before it looks at the policy, which tells somebody that the mail is read: `link` (preconnect,
 * dns-prefetch) and frames (Chromium connects as soon as a frame is to be loaded, and forbids it then). They become elements that mean nothing.
 */
const CALLERS = /<(link|iframe|frame|frameset|object|embed|portal|fencedframe)(?![^\s/>])/gi

/** The HTML of a mail, for a sandboxed frame. Also opened by itself it has no origin, runs nothing and sends nothing. */
export function sendMailHtml(response: ServerResponse, html: string, withRemotePictures: boolean): void {
  const csp = [
    // a link opens a window of its own, which is not in the sandbox
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    `img-src data:${withRemotePictures ? ' https: http:' : ''}`,
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ]
  response.setHeader('Content-Security-Policy', csp.join('; '))
  const document = `<!doctype html><base target="_blank">${html.replace(CALLERS, '<x-$1')}`
  send(response, 200, 'text/html; charset=utf-8', Buffer.from(document))
}

const MOST_JSON = 64 * 1024

/** The body of a request. Throws HttpError. */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MOST_JSON) throw tooLarge()
    chunks.push(chunk)
  }
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new HttpError(400, 'the body is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'the body is no JSON object')
  }
  return value as Record<string, unknown>
}

/** Before a body is read: one that says it is too large is not. */
export function checkLength(request: IncomingMessage): void {
  if (Number(request.headers['content-length'] ?? 0) > MOST_JSON) throw tooLarge()
}

function tooLarge(): HttpError {
  return new HttpError(413, `a body has at most ${MOST_JSON} octets`, { Connection: 'close' })
}

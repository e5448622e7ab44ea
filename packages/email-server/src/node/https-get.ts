// One HTTPS GET, verified and bounded (Runtime.fetch): for policies that are served from a well-known place (RFC 8461 §3.3).
import type { IncomingMessage } from 'node:http'
import type { RequestOptions } from 'node:https'
import { MailError } from '../base/errors.ts'
import type { FetchAnswer, FetchOptions } from '../base/runtime.ts'
import { builtin } from './builtin.ts'

/** Codes of node:tls that say something of the certificate, not of the way to it. */
const CERTIFICATE_FAULT = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|HOSTNAME_MISMATCH|SSL|TLS/

/** `connection` is for tests: where the server really is, and whom it is signed by. */
export function fetchHttps(
  options: FetchOptions,
  connection: Pick<RequestOptions, 'lookup' | 'ca' | 'port'> = {},
): Promise<FetchAnswer> {
  return new Promise((resolve, reject) => {
    const { url, timeoutMs, maxBytes } = options
    let done = false
    const settle = (act: () => void): void => {
      if (done) return
      done = true
      clearTimeout(timer)
      act()
      request.destroy()
    }
    const fail = (error: MailError): void => settle(() => reject(error))
    const timer = setTimeout(
      () => fail(new MailError('ETIMEDOUT', `no answer from ${url} within ${timeoutMs} ms`)),
      timeoutMs,
    )
    const request = builtin('node:https').get(url, {
      // a connection for each: nothing of an earlier one is taken over
      agent: false,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      headers: { accept: 'text/plain', 'user-agent': 'email-server' },
      ...connection,
    })
    request.on('error', error => fail(fetchError(url, error)))
    request.on('response', response => {
      collect(response, maxBytes, fail, body =>
        settle(() =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body,
          }),
        ),
      )
      response.on('error', error => fail(fetchError(url, error)))
    })
  })
}

function collect(
  response: IncomingMessage,
  maxBytes: number,
  fail: (error: MailError) => void,
  whole: (body: Uint8Array) => void,
): void {
  const chunks: Uint8Array[] = []
  let size = 0
  response.on('data', (chunk: Uint8Array) => {
    size += chunk.length
    if (size > maxBytes) fail(new MailError('ELIMIT', `the answer is longer than ${maxBytes} octets`))
    else chunks.push(chunk)
  })
  response.on('end', () => {
    // an answer that was cut short is none
    if (response.complete) whole(Buffer.concat(chunks))
    else fail(new MailError('ECONNECTION', 'the answer was cut short'))
  })
  response.on('aborted', () => fail(new MailError('ECONNECTION', 'the answer was cut short')))
}

function fetchError(url: string, error: Error): MailError {
  const code = (error as { code?: string }).code ?? ''
  const kind = CERTIFICATE_FAULT.test(code) ? 'ETLS' : 'ECONNECTION'
  return new MailError(kind, `${url} cannot be read (${code || error.message})`, { cause: error })
}

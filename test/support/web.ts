// Requests to the web page of `npm start` as no browser would let anybody write them, and mail that it is to show.
import { type IncomingHttpHeaders, request } from 'node:http'
import { createTransport } from 'nodemailer'
import { ALICE, type Host } from './host.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  json<T>(): T
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** `path` goes out as it is written: nothing is normalized. */
export function ask(host: Pick<Host, 'web'>, path: string, options: Asked = {}): Promise<Answer> {
  const { hostname, port } = new URL(host.web)
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname: hostname.replace(/[[\]]/g, ''), port, path, method, headers, agent: false },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const bytes = Buffer.concat(chunks)
          const text = bytes.toString('utf8')
          const json = <T>(): T => JSON.parse(text) as T
          resolve({ status: response.statusCode!, headers: response.headers, bytes, text, json })
        })
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

export function post(host: Pick<Host, 'web'>, path: string, value: unknown): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return ask(host, path, { method: 'POST', headers, body: JSON.stringify(value) })
}

export const INBOX: string = `/api/accounts/${ALICE}/folders/INBOX/messages`

/** Delivers these octets by SMTP; answers the UID that they got, and when the server had said 250. */
export async function deliver(
  host: Host,
  raw: string,
  to: string = ALICE,
): Promise<{ readonly uid: number; readonly at: number }> {
  const transport = createTransport({ host: '127.0.0.1', port: host.ports.inbound, ignoreTLS: true })
  await transport.sendMail({
    envelope: { from: 'sender@elsewhere.test', to: [to] },
    raw: raw.replace(/\r?\n/g, '\r\n'),
  })
  const at = Date.now()
  transport.close()
  const { messages } = (await ask(host, `/api/accounts/${to}/folders/INBOX/messages?limit=1`)).json<{
    messages: { uid: number }[]
  }>()
  return { uid: messages[0]!.uid, at }
}

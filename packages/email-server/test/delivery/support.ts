// A world of several mail servers with its own DNS, for the tests of delivery.
import type { IncomingMail, ServerOptions } from '../../src/index.ts'
import { createServer, type Server } from '../../src/index.ts'
import type { LinkOptions } from '../../src/testing/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'

/** Certificates that the virtual world never reads. */
export const ANY_TLS = { cert: 'certificate', key: 'key' }

export interface Arrived {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
  readonly tls: boolean
  readonly params: IncomingMail['params']
  readonly recipients: IncomingMail['recipients']
  /** ms since the epoch. */
  readonly at: number
}

export interface Mta {
  readonly server: Server
  readonly arrived: Arrived[]
}

export interface MtaOptions {
  readonly domains: readonly string[]
  readonly tls?: boolean
  readonly options?: Partial<ServerOptions>
  /** A reply instead of taking the message: `[code, text]`. */
  readonly refuse?: (mail: IncomingMail) => readonly [number, string] | null
  readonly rcpt?: (address: string) => readonly [number, string] | null
}

/** A server of ours at this address of the world. */
export async function mta(world: VirtualWorld, address: string, options: MtaOptions): Promise<Mta> {
  const runtime = world.host(address)
  const server = createServer({
    hostname: `host-${address}`,
    ports: { inbound: 25 },
    runtime,
    // the room of the checks is loaded in real time, which the virtual clock does not wait for
    mailAuth: false,
    ...(options.tls !== false && { tlsOptions: ANY_TLS }),
    ...options.options,
  })
  for (const domain of options.domains) server.addDomain(domain)
  const arrived: Arrived[] = []
  server.on('smtpSession', session => {
    const { rcpt } = options
    if (rcpt) {
      session.on('rcpt', (recipient, _params, context) => {
        const no = rcpt(recipient)
        if (no) context.reject(no[0], no[1])
        else context.accept()
      })
    }
    session.on('mail', mail => {
      const no = options.refuse?.(mail)
      if (no) {
        mail.reject(no[0], no[1])
        return
      }
      arrived.push({
        from: mail.from,
        to: mail.to,
        raw: Buffer.from(mail.rawBytes).toString('latin1'),
        tls: session.isTLS,
        params: mail.params,
        recipients: mail.recipients,
        at: runtime.now(),
      })
      mail.accept()
    })
  })
  await server.listen()
  return { server, arrived }
}

export type Links = Map<string, LinkOptions | 'refused' | 'unreachable'>

/** A world whose connections to an address behave as `links` says; it may be changed while the world runs. */
export function worldWith(zones: string, links: Links = new Map(), now?: number): VirtualWorld {
  return new VirtualWorld({ zones, link: ({ to }) => links.get(to) ?? {}, ...(now !== undefined && { now }) })
}

// A stub resolver over UDP and TCP: what node:dns hides on Node 20 (TTLs, the AD bit, TLSA). RFC 1035 §4.2, RFC 7766 (TCP after a cut
// answer), RFC 6891 §6.2.2 (servers that do not know EDNS), RFC 5452 (random ids and ports, answers that do not fit are not heard).
import type { Socket as UdpSocket } from 'node:dgram'
import net from 'node:net'
import { randomBytes } from '../base/crypto.ts'
import { optionError } from '../base/errors.ts'
import type { DnsAnswer, DnsRecordType, Runtime } from '../base/runtime.ts'
import {
  answersQuestion,
  CLASS_IN,
  type DnsMessage,
  queryName,
  RCODE,
  readMessage,
  TYPE_NUMBERS,
  toAnswer,
  writeQuery,
} from '../dns/index.ts'
import { builtin } from './builtin.ts'
import { resolveName } from './resolve.ts'

export interface DnsClientOptions {
  /** `192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53`. Default: those of the machine, asked anew for each question. */
  readonly servers?: readonly string[]
  /** Believe the AD bit of servers that are not on this machine. Default false: the way to them is not protected. */
  readonly trustAd?: boolean
  /** How long one server is waited for, ms; the second round waits twice as long. Default 2,000. */
  readonly timeoutMs?: number
}

const ROUNDS = 2
/** What does not parse or does not fit is thrown away; after so many of them the question counts as lost. */
const STRAY_LIMIT = 100

interface Server {
  readonly host: string
  readonly port: number
}

/** `lost`: no answer in time. `unreachable`: the machine could not even ask. */
type Reply = DnsMessage | 'lost' | 'unreachable'

/** `Runtime.resolve` for these servers; falls back to node:dns when no server can be reached by sockets of ours. Throws ECONFIG. */
export function dnsClient(options: DnsClientOptions = {}): Runtime['resolve'] {
  const given = options.servers?.map(server => readServer(server))
  const timeoutMs = options.timeoutMs ?? 2000
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1)
    throw optionError('dns.timeoutMs', 'a whole number, 1 or more', timeoutMs)
  return async (name, type) => {
    const asked = queryName(name)
    if (asked === null) return { ok: false, failure: 'nxdomain' }
    const answer = await askAll(given ?? systemServers(), asked, type, timeoutMs, options.trustAd ?? false)
    return answer ?? (given ? { ok: false, failure: 'servfail' } : resolveName(asked, type))
  }
}

async function askAll(
  servers: readonly Server[],
  name: string,
  type: DnsRecordType,
  timeoutMs: number,
  trustAd: boolean,
): Promise<DnsAnswer | null> {
  let failure: DnsAnswer | null = null
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      const reply = await askServer(server, name, type, timeoutMs * (round + 1))
      if (reply === 'unreachable') continue
      if (reply === 'lost') {
        failure ??= { ok: false, failure: 'timeout' }
        continue
      }
      const answer = toAnswer(reply, name, type, trustAd || isLoopback(server.host))
      if (answer.ok || answer.failure !== 'servfail') return answer
      // a server that says so is heard before one that says nothing
      failure = answer
    }
    if (failure && !failure.ok && failure.failure === 'servfail') break
  }
  return failure
}

async function askServer(
  server: Server,
  name: string,
  type: DnsRecordType,
  timeoutMs: number,
): Promise<Reply> {
  let reply = await exchange(server, name, type, timeoutMs, true, askUdp)
  if (typeof reply === 'string') return reply
  const edns = reply.rcode !== RCODE.formatError && reply.rcode !== RCODE.notImplemented
  if (!edns) reply = await exchange(server, name, type, timeoutMs, false, askUdp)
  if (typeof reply === 'string' || !reply.truncated) return reply
  const whole = await exchange(server, name, type, timeoutMs, edns, askTcp)
  // half an answer is none: it could lack the record that matters
  return typeof whole === 'string' || whole.truncated ? 'lost' : whole
}

type Ask = (
  server: Server,
  query: Uint8Array,
  timeoutMs: number,
  accept: (bytes: Uint8Array) => DnsMessage | null,
) => Promise<Reply>

function exchange(
  server: Server,
  name: string,
  type: DnsRecordType,
  timeoutMs: number,
  edns: boolean,
  ask: Ask,
): Promise<Reply> {
  const id = randomBytes(2).readUInt16BE(0)
  const query = writeQuery(id, { name, type: TYPE_NUMBERS[type], class: CLASS_IN }, edns)
  let strays = 0
  return ask(server, query, timeoutMs, bytes => {
    const message = readMessage(bytes)
    if (message && answersQuestion(message, id, name, type)) return message
    // some servers send FORMERR without the question
    if (message?.response && message.id === id && message.rcode === RCODE.formatError) return message
    if (++strays >= STRAY_LIMIT) return FAILED
    return null
  })
}

const FAILED: DnsMessage = {
  id: 0,
  response: true,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: true,
  authenticData: false,
  rcode: RCODE.serverFailure,
  questions: [],
  answers: [],
  authorities: [],
  edns: null,
}

/** A socket for each question: the system picks a random port, and only packets of the server come in. */
const askUdp: Ask = (server, query, timeoutMs, accept) =>
  new Promise(resolve => {
    let socket: UdpSocket
    const finish = (reply: Reply): void => {
      clearTimeout(timer)
      try {
        socket.close()
      } catch {
        // closed already, or never open
      }
      resolve(reply)
    }
    const timer = setTimeout(() => finish('lost'), timeoutMs)
    try {
      socket = builtin('node:dgram').createSocket(net.isIPv6(server.host) ? 'udp6' : 'udp4')
    } catch {
      clearTimeout(timer)
      return resolve('unreachable')
    }
    socket.on('error', () => finish('unreachable'))
    socket.on('message', bytes => {
      const message = accept(bytes)
      if (message) finish(message)
    })
    socket.connect(server.port, server.host, () => socket.send(query))
  })

const askTcp: Ask = (server, query, timeoutMs, accept) =>
  new Promise(resolve => {
    const socket = net.connect(server.port, server.host)
    let received: Buffer = Buffer.alloc(0)
    const finish = (reply: Reply): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(reply)
    }
    const timer = setTimeout(() => finish('lost'), timeoutMs)
    socket.on('error', () => finish('unreachable'))
    socket.on('close', () => finish('lost'))
    const length = Buffer.alloc(2)
    length.writeUInt16BE(query.length)
    socket.on('connect', () => socket.write(Buffer.concat([length, query])))
    socket.on('data', bytes => {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
      if (received.length < 2) return
      const wanted = received.readUInt16BE(0)
      if (received.length < wanted + 2) return
      finish(accept(received.subarray(2, wanted + 2)) ?? 'lost')
    })
  })

function systemServers(): readonly Server[] {
  return builtin('node:dns')
    .getServers()
    .flatMap(server => {
      try {
        return [readServer(server)]
      } catch {
        // a server in a form that we do not know is left to node:dns
        return []
      }
    })
}

function readServer(text: string): Server {
  const match = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([0-9.]+)(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? text
  const port = Number(match?.[2] ?? 53)
  if (net.isIP(host) === 0 || port < 1 || port > 65_535)
    throw optionError('dns.servers', 'a list of IP addresses, each with or without a port', text)
  return { host, port }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}

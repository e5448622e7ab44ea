// Sessions recorded: what both sides said, inside of TLS, with the times; passwords and tokens are left out. As events, as NDJSON, as text that
// people read, and as a transcript that is replayed (docs/testing-transcripts.md).
import { asBuffer } from '../base/bytes.ts'
import type { HandlerAnswer, HandlerWatch } from '../base/handler-watch.ts'
import type { Connection, Runtime } from '../base/runtime.ts'
import { Redactor, SECRET, type TracedProtocol } from './redact.ts'
import { summaryOf } from './summary.ts'
import { tapConnection } from './tap.ts'

/** One thing that happened in a session. Plain data. */
export interface TraceEvent {
  /** ms since the epoch. */
  readonly at: number
  /** Counts connections, from 1. */
  readonly connection: number
  readonly protocol: TracedProtocol
  /**
   * `content`: octets of a message or literal from the client. `end`: one side says nothing more. `call`: a handler is asked; `answer`: what it
   * says, or that it has not.
   */
  readonly kind: 'open' | 'client' | 'content' | 'server' | 'tls' | 'call' | 'answer' | 'end' | 'close'
  /**
   * `client`, `server`: a line without its CRLF; `content`: octets; one octet a character, `[secret]` for what is hidden. `open`: who with whom.
   * `tls`: protocol, cipher, name. `end`: `client` or `server`. `close`: why; '' for no reason.
   * `call`: the arguments in short, `answer`: the result in short, or why there is none.
   */
  readonly text: string
  /** Of `call` and `answer`. */
  readonly handler?: TracedCall
}

/** One question to a handler. */
export interface TracedCall {
  /** Counts the questions of the connection, from 1: an answer has the number of its question. */
  readonly call: number
  readonly name: string
  /** `answer` only. `refusal`: the handler says no. `failure`: it has failed, has not answered in time, or there is none. */
  readonly outcome?: 'answer' | 'refusal' | 'failure'
  /** `answer` only: how long it took, ms. */
  readonly durationMs?: number
}

export interface RecorderOptions {
  /** Events that are kept; beyond that the oldest go. Default 100,000. */
  readonly most?: number
  /** Hears of each event, as it happens. */
  readonly onEvent?: (event: TraceEvent) => void
}

const MOST_EVENTS = 100_000
const PROTOCOLS: Readonly<Record<number, TracedProtocol>> = {
  ...{
    143: 'imap',
    993: 'imap',
    2143: 'imap',
    2993: 'imap',
    110: 'pop3',
    995: 'pop3',
    2110: 'pop3',
    2995: 'pop3',
  },
}
/** Lines of one message that are printed. */
const PRINTED_LINES = 12

export class Recorder {
  readonly #now: () => number
  readonly #most: number
  readonly #onEvent: (event: TraceEvent) => void
  #events: TraceEvent[] = []
  #connections = 0

  /** `now`: ms since the epoch. */
  constructor(now: () => number, options: RecorderOptions = {}) {
    this.#now = now
    this.#most = options.most ?? MOST_EVENTS
    this.#onEvent = options.onEvent ?? (() => {})
  }

  /** In order. */
  get events(): readonly TraceEvent[] {
    return this.#events
  }

  /**
   * A Runtime whose listeners record every connection: `createServer({ runtime: recorder.watch(runtime) })`. `protocolOf` says what is spoken at a
   * port; default: by the usual numbers, SMTP for others.
   */
  watch(runtime: Runtime, protocolOf: (port: number) => TracedProtocol = usualProtocol): Runtime {
    return {
      ...runtime,
      listen: (where, accept) =>
        runtime.listen(where, connection =>
          accept(this.record(connection, { protocol: protocolOf(connection.localPort) })),
        ),
    }
  }

  /** A server's end that is recorded. */
  record(
    inner: Connection,
    facts: { readonly connection?: number; readonly protocol?: TracedProtocol } = {},
  ): Connection {
    const { connection = ++this.#connections, protocol = usualProtocol(inner.localPort) } = facts
    const redactor = new Redactor(protocol)
    const note = (kind: TraceEvent['kind'], text: string, handler?: TracedCall): void =>
      this.#add({ at: this.#now(), connection, protocol, kind, text, ...(handler && { handler }) })
    note('open', `${inner.remoteAddress}:${inner.remotePort} to ${inner.localAddress}:${inner.localPort}`)
    return tapConnection(inner, {
      watchHandlers: this.#callsOf(note),
      heard: (bytes, pass) => {
        for (const { text, isContent } of redactor.client(asBuffer(bytes).toString('latin1'))) {
          note(isContent ? 'content' : 'client', isContent ? text : text.slice(0, -2))
        }
        pass(bytes)
      },
      said: (bytes, pass) => {
        for (const line of redactor.server(asBuffer(bytes).toString('latin1')))
          note('server', line.slice(0, -2))
        return pass(bytes)
      },
      secured: ({ protocol: version, cipher, servername }) =>
        note('tls', `${version} ${cipher} ${servername ?? ''}`.trim()),
      ended: by => note('end', by === 'peer' ? 'client' : 'server'),
      closed: error => {
        const { client, server } = redactor.rest()
        if (client !== '') note('client', client)
        if (server !== '') note('server', server)
        note('close', error ? error.message : '')
      },
    })
  }

  #callsOf(note: (kind: 'call' | 'answer', text: string, handler: TracedCall) => void): HandlerWatch {
    let calls = 0
    return ({ name, args }) => {
      const call = ++calls
      const begun = this.#now()
      note('call', args.map(summaryOf).join(', '), { call, name })
      return answer => {
        const { kind: outcome } = answer
        note('answer', answerText(answer), { call, name, outcome, durationMs: this.#now() - begun })
      }
    }
  }

  /** One event a line, as JSON. */
  ndjson(): string {
    return this.#events.map(event => `${JSON.stringify(event)}\n`).join('')
  }

  clear(): void {
    this.#events = []
  }

  #add(event: TraceEvent): void {
    this.#events.push(event)
    if (this.#events.length > 2 * this.#most) this.#events = this.#events.slice(-this.#most)
    this.#onEvent(event)
  }
}

/** Reads what `ndjson` wrote. Throws a SyntaxError for what is none. */
export function readTrace(ndjson: string): TraceEvent[] {
  return ndjson
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as TraceEvent)
}

/** For people: each session by itself, with the seconds since its beginning; long messages are cut. */
export function printTrace(events: readonly TraceEvent[]): string {
  const out: string[] = []
  for (const session of sessionsOf(events)) {
    const start = session[0]!
    if (out.length > 0) out.push('')
    out.push(`#${start.connection} ${start.protocol} ${new Date(start.at).toISOString()} ${start.text}`)
    let content = 0
    for (const event of session.slice(1)) {
      const { at, kind, text } = event
      const time = `+${((at - start.at) / 1000).toFixed(3)}`.padStart(9)
      if (kind !== 'content') content = 0
      if (kind === 'content' && content++ >= PRINTED_LINES) {
        if (content === PRINTED_LINES + 1) out.push(`${' '.repeat(9)}    …`)
      } else if (kind === 'client' || kind === 'content') {
        for (const line of text.replace(/\r\n$/, '').split('\r\n').slice(0, PRINTED_LINES))
          out.push(`${time} C: ${shown(line)}`)
      } else if (kind === 'server') out.push(`${time} S: ${shown(text)}`)
      else if (event.handler) out.push(`${time} ${callText(event.handler, text)}`)
      else if (kind === 'tls') out.push(`${time} -- ${text}`)
      else if (kind === 'close') out.push(`${time} -- closed${text === '' ? '' : `: ${text}`}`)
    }
  }
  return `${out.join('\n')}\n`
}

export interface TranscriptOptions {
  readonly title?: string
  /** The words behind the codes of replies must be the same, too. Default false: they may be any. */
  readonly exact?: boolean
}

/** A recorded session as a transcript for `parseTranscript`. Secrets are not in it: whoever wants to replay a login writes them in. */
export function traceToTranscript(events: readonly TraceEvent[], options: TranscriptOptions = {}): string {
  const [session = []] = sessionsOf(events)
  const { title = `Recorded: ${session[0]?.text ?? 'nothing'}`, exact = false } = options
  const out = [`# ${title}`]
  if (session.some(({ text }) => text.includes(SECRET))) out.push(`# ${SECRET} stands for what was left out`)
  out.push('')
  let begun = false
  for (const { kind, text, protocol, handler } of session) {
    if (kind === 'server') out.push(`S: ${exact ? literal(text) : loosened(text, protocol)}`)
    else if (kind === 'client') out.push(`C: ${literal(text)}`)
    else if (kind === 'content') out.push(...contentLines(text))
    // for whoever writes the set-up: what the handlers have to answer
    else if (handler) out.push(`# ${callText(handler, shown(text))}`)
    // before the first word it is the transport's own affair
    else if (kind === 'tls' && begun) out.push('TLS')
    else if (kind === 'end') {
      out.push(text === 'client' ? 'C closes' : 'S closes')
      break
    }
    begun ||= kind === 'server' || kind === 'client'
  }
  return `${out.join('\n')}\n`
}

/** The events of each connection, in the order of their beginning. */
function sessionsOf(events: readonly TraceEvent[]): TraceEvent[][] {
  const sessions = new Map<number, TraceEvent[]>()
  for (const event of events) {
    const session = sessions.get(event.connection)
    if (session) session.push(event)
    else sessions.set(event.connection, [event])
  }
  return [...sessions.values()]
}

function answerText(answer: HandlerAnswer): string {
  if (answer.kind === 'answer') return summaryOf(answer.value)
  if (answer.kind === 'refusal') return `${answer.code} ${answer.text}`.trim()
  const { error } = answer
  return error instanceof Error ? error.message : summaryOf(error)
}

/** `>> messageMeta([1, 2])`, and `<< messageMeta, 3 ms: [{uid: 1}]`. */
function callText({ name, outcome, durationMs }: TracedCall, text: string): string {
  if (outcome === undefined) return `>> ${name}(${text})`
  return `<< ${name}, ${durationMs} ms${outcome === 'answer' ? '' : `, ${outcome}`}: ${text}`
}

function usualProtocol(port: number): TracedProtocol {
  return PROTOCOLS[port] ?? 'smtp'
}

/** Control characters as people write them. */
function shown(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\')
}

/** What means itself in a transcript. */
function literal(text: string): string {
  return text.replaceAll('<<', '<<0x3c3c>>').replace(/[^\x20-\x7e]+/g, octets => `<<0x${hexOf(octets)}>>`)
}

function hexOf(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('hex')
}

function contentLines(text: string): string[] {
  const lines = text.split('\r\n')
  const last = lines.pop()!
  return [...lines.map(line => `C: ${literal(line)}`), ...(last === '' ? [] : [`C-: ${literal(last)}`])]
}

/** A reply whose words may be any: what a program looks at stays. */
function loosened(text: string, protocol: TracedProtocol): string {
  const patterns: Readonly<Record<TracedProtocol, RegExp>> = {
    smtp: /^[245]\d\d[ -](?:\d\.\d{1,3}\.\d{1,3} )?/,
    pop3: /^(?:\+OK|-ERR(?: \[[^\]]*\])?)/,
    imap: /^(?:\S+ (?:OK|NO|BAD|BYE|PREAUTH) (?:\[[^\]]*\] )?|\+ )/,
  }
  // the lines of EHLO are for programs
  if (protocol === 'smtp' && /^250[ -][A-Z0-9-]+(?: |$)/.test(text)) return literal(text)
  const kept = patterns[protocol].exec(text)?.[0]
  if (kept === undefined || kept === text) return literal(text)
  return `${literal(kept)}<<*>>`
}

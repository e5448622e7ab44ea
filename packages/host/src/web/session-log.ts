// What is said in the sessions of the mail server, for people who watch: the last sessions, the last lines of each. Passwords and tokens are left
// out before anything comes here (email-server/testing). Memory is bounded: sessions, octets of each, length of a line.
import { Buffer } from 'node:buffer'
import type { TraceEvent } from 'email-server/testing'
import type { SessionLine, SessionProtocol, SessionTranscript, SessionView } from './api-types.ts'

export interface SessionLogLimits {
  /** Sessions that are remembered. */
  readonly sessions: number
  /** Characters of one session; earlier lines go. */
  readonly charactersPerSession: number
  /** Characters of one line; the rest is counted. */
  readonly charactersPerLine: number
  /** Lines of one message that are shown; the rest is counted. */
  readonly contentLines: number
}

export const SESSION_LOG_LIMITS: SessionLogLimits = {
  sessions: 100,
  charactersPerSession: 64 * 1024,
  charactersPerLine: 1000,
  contentLines: 40,
}

export interface SessionFacts {
  readonly listener: string
  readonly protocol: SessionProtocol
  readonly peer: string
  readonly port: number
}

interface Session extends SessionFacts {
  readonly id: number
  readonly openedAt: number
  readonly lines: SessionLine[]
  characters: number
  count: number
  tls: string | null
  /** Asked when it is shown: a session knows who has logged in. */
  user: () => string | null
  closedAt: number | null
  closeReason: string
  contentShown: number
  contentHidden: number
  /** IMAP: what comes after the OK to this tag is compressed, and no text. */
  compressTag: string | null
  isCompressed: boolean
}

/** Hears which session has changed. */
export type SessionWatcher = (id: number) => void

export class SessionLog {
  readonly #limits: SessionLogLimits
  readonly #now: () => number
  readonly #sessions = new Map<number, Session>()
  readonly #watchers = new Set<SessionWatcher>()
  #last = 0

  constructor(now: () => number, limits: SessionLogLimits = SESSION_LOG_LIMITS) {
    this.#now = now
    this.#limits = limits
  }

  /** A connection has been made; answers its number. */
  open(facts: SessionFacts): number {
    const id = ++this.#last
    this.#sessions.set(id, {
      ...facts,
      id,
      openedAt: this.#now(),
      lines: [],
      characters: 0,
      count: 0,
      tls: null,
      user: () => null,
      closedAt: null,
      closeReason: '',
      contentShown: 0,
      contentHidden: 0,
      compressTag: null,
      isCompressed: false,
    })
    this.#forget()
    this.#changed(id)
    return id
  }

  /** Takes what a Recorder tells; the event's connection is our number. */
  record({ connection, kind, text, at }: TraceEvent): void {
    const session = this.#sessions.get(connection)
    if (!session || kind === 'open') return
    if (kind === 'content') this.#content(session, at, text)
    else {
      this.#endContent(session, at)
      if (kind === 'client' || kind === 'server') this.#said(session, at, kind, text)
      else if (kind === 'tls') this.#secured(session, at, text)
      else if (kind === 'end') {
        this.#add(session, at, 'note', `${text === 'client' ? 'The client' : 'The server'} says nothing more`)
      } else if (kind === 'close') this.#closed(session, at, text)
    }
    this.#changed(connection)
  }

  /** Something that happened beside what was said. */
  note(id: number, text: string): void {
    const session = this.#sessions.get(id)
    if (!session) return
    this.#add(session, this.#now(), 'note', text)
    this.#changed(id)
  }

  /** Who is logged in, from now on; asked when it is shown. */
  belongsTo(id: number, user: () => string | null): void {
    const session = this.#sessions.get(id)
    if (session) session.user = user
  }

  /** Newest first. */
  list(): SessionView[] {
    return [...this.#sessions.values()].reverse().map(viewOf)
  }

  view(id: number): SessionView | null {
    const session = this.#sessions.get(id)
    return session ? viewOf(session) : null
  }

  /** The lines that are kept, behind line `after`; null when the session is not remembered. */
  transcript(id: number, after: number = 0): SessionTranscript | null {
    const session = this.#sessions.get(id)
    if (!session) return null
    return { session: viewOf(session), lines: session.lines.filter(({ n }) => n > after) }
  }

  /** Calls `watcher` at each change until the answered function is called. */
  watch(watcher: SessionWatcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Forgets the sessions that are over. */
  clear(): void {
    for (const { id, closedAt } of this.#sessions.values()) if (closedAt !== null) this.#sessions.delete(id)
    this.#changed(0)
  }

  #said(session: Session, at: number, by: 'client' | 'server', text: string): void {
    if (session.isCompressed) return
    if (session.protocol === 'imap') this.#lookForCompression(session, by, text)
    if (by === 'client') session.contentShown = 0
    this.#add(session, at, by, readable(text))
    if (session.isCompressed) this.#add(session, at, 'note', 'Compressed from here on: not shown')
  }

  /** RFC 4978 §3: compression begins behind the CRLF of the tagged OK. */
  #lookForCompression(session: Session, by: 'client' | 'server', text: string): void {
    if (by === 'client') {
      const [tag = '', command = ''] = text.split(' ', 2)
      if (command.toUpperCase() === 'COMPRESS') session.compressTag = tag
    } else if (session.compressTag !== null && text.startsWith(`${session.compressTag} `)) {
      session.isCompressed =
        text.slice(session.compressTag.length + 1, session.compressTag.length + 4) === 'OK '
      session.compressTag = null
    }
  }

  #content(session: Session, at: number, text: string): void {
    if (session.isCompressed) return
    const lines = text.split('\r\n')
    if (lines.at(-1) === '') lines.pop()
    for (const line of lines) {
      if (session.contentShown < this.#limits.contentLines || line === '.') {
        if (line === '.') this.#endContent(session, at)
        session.contentShown++
        this.#add(session, at, 'content', readable(line))
      } else session.contentHidden += line.length + 2
    }
  }

  #endContent(session: Session, at: number): void {
    const hidden = session.contentHidden
    session.contentHidden = 0
    if (hidden > 0)
      this.#add(session, at, 'note', `${hidden.toLocaleString('en-US')} more octets of the message`)
  }

  #secured(session: Session, at: number, text: string): void {
    session.tls = text.split(' ').slice(0, 2).join(' ')
    this.#add(session, at, 'note', `TLS: ${readable(text)}`)
  }

  #closed(session: Session, at: number, reason: string): void {
    session.closedAt = at
    session.closeReason = readable(reason)
    this.#add(session, at, 'note', reason === '' ? 'Closed' : `Closed: ${readable(reason)}`)
    // who it was stays; what the function holds does not
    const user = session.user()
    session.user = () => user
    this.#forget()
  }

  #add(session: Session, at: number, by: SessionLine['by'], whole: string): void {
    const { charactersPerLine, charactersPerSession } = this.#limits
    const text =
      whole.length <= charactersPerLine
        ? whole
        : `${whole.slice(0, charactersPerLine)} … ${(whole.length - charactersPerLine).toLocaleString('en-US')} more characters`
    session.lines.push({ n: ++session.count, at, by, text })
    session.characters += sizeOf(text)
    let gone = 0
    while (session.characters > charactersPerSession && gone < session.lines.length - 1) {
      session.characters -= sizeOf(session.lines[gone++]!.text)
    }
    // not one by one: what is in front of an array is taken away in linear time
    if (gone > 0) session.lines.splice(0, gone)
  }

  /** Those that are over go first, the oldest of them. */
  #forget(): void {
    let tooMany = this.#sessions.size - this.#limits.sessions
    for (const over of [true, false]) {
      for (const { id, closedAt } of this.#sessions.values()) {
        if (tooMany <= 0) return
        if (over && closedAt === null) continue
        this.#sessions.delete(id)
        tooMany--
      }
    }
  }

  #changed(id: number): void {
    for (const watcher of this.#watchers) watcher(id)
  }
}

/** An empty line takes room too. */
function sizeOf(text: string): number {
  return text.length + 2
}

function viewOf(session: Session): SessionView {
  const { id, protocol, listener, peer, port, tls, openedAt, closedAt, closeReason, count, lines } = session
  return {
    ...{ id, protocol, listener, peer, port, tls, closeReason },
    user: session.user(),
    openedAt: new Date(openedAt).toISOString(),
    closedAt: closedAt === null ? null : new Date(closedAt).toISOString(),
    lines: count,
    last: lines.findLast(({ by }) => by === 'client' || by === 'server')?.text.slice(0, 200) ?? '',
  }
}

/** Octets as text; control characters as their pictures (U+2400), so that none of them moves anything on a screen. */
function readable(octets: string): string {
  return Buffer.from(octets, 'latin1')
    .toString('utf8')
    .replace(/[\x00-\x08\x0a-\x1f]/g, char => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replace(/\x7f/g, '\u2421')
    .replace(/[\x80-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

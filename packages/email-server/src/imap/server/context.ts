// What commands see of the session they run in.
import { usageError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { MailboxSession } from '../../mailbox/index.ts'
import type { AuthOutcome, Credentials, NegotiationPort, SaslMechanism } from '../../sasl/index.ts'
import type { CommandContext } from '../context.ts'
import type { Dialect } from '../dialect.ts'
import type { Extension, SessionFacts, Words } from '../extension.ts'
import type { SelectedFolder } from '../selected.ts'
import type { State } from '../state.ts'
import type { Writer } from '../wire/writer.ts'
import type { Backend } from './backend.ts'
import type { Core } from './core.ts'
import type { Login } from './login.ts'
import { statusLine } from './reply.ts'

/** Portions of work between two breaths. */
const BREATH = 32

/** One per session: commands run one at a time. */
export class SessionContext implements CommandContext {
  tag = ''
  byUid = false
  #breaths = 0
  readonly #core: Core
  readonly #backend: Backend
  readonly #login: Login

  constructor(core: Core, backend: Backend, login: Login) {
    this.#core = core
    this.#backend = backend
    this.#login = login
  }

  /** Another command begins. */
  begin(tag: string, byUid: boolean): void {
    this.tag = tag
    this.byUid = byUid
    this.#breaths = 0
    this.#core.progress = null
  }

  get limits(): Limits {
    return this.#core.limits
  }

  get clock(): SessionClock {
    return this.#core.clock
  }

  get tls(): TlsInfo | null {
    return this.#core.tls
  }

  get state(): State {
    return this.#core.standing
  }

  get facts(): SessionFacts {
    return this.#core
  }

  get words(): Words {
    return this.#core.words
  }

  get extensions(): readonly Extension[] {
    return this.#core.registry.open(this.#core)
  }

  get dialect(): Dialect {
    return this.#core.dialect
  }

  get compressed(): boolean {
    return this.#core.compressed
  }

  get out(): Writer {
    return this.#core.out
  }

  get mailbox(): MailboxSession {
    return this.#core.mailbox ?? missing('a mailbox session')
  }

  get folder(): SelectedFolder {
    const { standing } = this.#core
    return standing.kind === 'selected' ? standing.folder : missing('an open folder')
  }

  get over(): boolean {
    return this.#core.over
  }

  ready(): Promise<void> | null {
    return this.#core.output.ready()
  }

  breathe(): Promise<void> | null {
    return ++this.#breaths % BREATH === 0 ? this.#core.clock.sleep(1) : null
  }

  progress(done: number, total: number): void {
    this.#core.progress = { done, total }
  }

  untagged(status: 'OK' | 'NO' | 'BYE', text: string, code?: string): void {
    this.#core.port.say(statusLine('*', { status, code, text }))
  }

  continueWith(text: string): void {
    this.#core.port.say(`+ ${text}\r\n`)
  }

  readLine(mode: 'sasl' | 'idle'): Promise<Uint8Array | null> {
    return this.#core.port.nextLine(mode)
  }

  enable(change: Partial<Dialect>): void {
    const before = this.#core.dialect
    this.#core.dialect = { ...before, ...change }
    this.#core.out.utf8 = this.#core.dialect.utf8
    const { standing } = this.#core
    if (change.uidOnly && !before.uidOnly && standing.kind === 'selected') this.#dropNumbered(standing.folder)
    if (before.modseq || !change.modseq || standing.kind !== 'selected' || !standing.folder.modseqs) return
    // the first command that wants mod-sequences hears of the highest (RFC 7162 §3.1)
    this.untagged('OK', 'The highest', `HIGHESTMODSEQ ${standing.folder.modseqs.settled}`)
  }

  /** Searches whose updates are told in message numbers, which are no longer told (RFC 9586 §3). */
  #dropNumbered(folder: SelectedFolder): void {
    for (const { tag, byUid } of folder.contexts)
      if (!byUid) this.untagged('NO', 'This search is no longer kept up to date', `NOUPDATE "${tag}"`)
    folder.contexts = folder.contexts.filter(({ byUid }) => byUid)
    folder.news.keepsTouched = folder.contexts.length > 0
  }

  signIn(credentials: Credentials): Promise<AuthOutcome> {
    return this.#login.signIn(credentials)
  }

  authenticate(
    mechanism: SaslMechanism,
    initial: Uint8Array | null,
    challenge: NegotiationPort['challenge'],
  ): Promise<AuthOutcome> {
    return this.#login.authenticate(mechanism, initial, challenge)
  }

  select(folder: SelectedFolder): Promise<void> {
    return this.#backend.select(folder)
  }

  deselect(): void {
    this.#backend.deselect()
  }

  upgrade(kind: 'tls' | 'deflate'): void {
    this.#core.afterwards = () => this.#core.port.upgrade(kind)
  }

  logout(): void {
    this.#core.afterwards = () => this.#core.port.finish()
  }

  failed(message: string, error: unknown): void {
    this.#core.port.failed(message, error)
  }
}

function missing(what: string): never {
  throw usageError(`this command needs ${what}: its states must say so`)
}

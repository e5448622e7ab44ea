// Replies that a server never gave: for chosen commands of an SMTP client the answer comes from here, and the server does not hear of them. Who
// answers keeps the order of pipelined commands (RFC 2920), skips the content of DATA and BDAT, and lets the lines of AUTH pass.
import { asBuffer, fromLatin1 } from '../base/bytes.ts'
import type { Connection } from '../base/runtime.ts'
import { type TapHooks, tapConnection } from './tap.ts'

/** What to answer to a command; null: the server answers. `CONNECT` stands for the greeting. */
export type PickReply = (verb: string) => FaultyReply | null

export interface FaultyReply {
  /** E.g. `451 4.3.0 Not now`; 421 also ends the connection. */
  readonly reply: string
  /** Break the connection instead of answering, when the command has come. Default false. */
  readonly reset?: boolean
}

/** Octets without the end of a line that are held; then they are passed on, for the server to judge. */
const LONGEST_LINE = 64 * 1024

type Mode = 'command' | 'data' | 'awaiting 354' | 'chunk' | 'auth' | 'awaiting TLS' | 'over'

/** A server's end whose client hears other replies than the server's for some commands. */
export function withReplyFaults(inner: Connection, pick: PickReply): Connection {
  const faults = new ReplyFaults(inner, pick)
  return tapConnection(inner, faults.hooks)
}

class ReplyFaults {
  readonly hooks: TapHooks
  readonly #inner: Connection
  readonly #pick: PickReply
  #pass: (bytes: Uint8Array) => void = () => {}
  #input: Buffer = Buffer.alloc(0)
  /** Has come behind `#input`, and is joined to it when something can be done. */
  #more: Uint8Array[] = []
  #mode: Mode = 'command'
  /** Replies that the server owes; the greeting is the first. */
  #owed = 1
  #greeted = false
  #chunkLeft = 0
  /** The chunk belongs to a command that was not passed on. */
  #swallow = false
  /** The beginning of this line has been passed on. */
  #isMidLine = false
  #picked: FaultyReply | null = null
  #replyLine = ''

  constructor(inner: Connection, pick: PickReply) {
    this.#inner = inner
    this.#pick = pick
    this.hooks = {
      heard: (bytes, pass) => {
        this.#pass = pass
        this.#more.push(bytes)
        this.#work()
      },
      said: (bytes, pass) => this.#said(bytes, pass),
      secured: () => {
        this.#input = Buffer.alloc(0)
        this.#more = []
        this.#isMidLine = false
        if (this.#mode === 'awaiting TLS') this.#mode = 'command'
        // over implicit TLS the greeting follows, after STARTTLS it does not
        if (this.#greeted) this.#owed = 0
      },
    }
  }

  #said(bytes: Uint8Array, pass: (bytes: Uint8Array) => boolean): boolean {
    if (this.#mode === 'over') return true
    if (!this.#greeted) {
      this.#greeted = true
      const fault = this.#pick('CONNECT')
      if (fault) {
        this.#answer(fault)
        this.#over()
        return true
      }
    }
    const room = pass(bytes)
    this.#count(asBuffer(bytes).toString('latin1'))
    return room
  }

  /** The last line of a reply has a space behind its code (RFC 5321 §4.2). */
  #count(text: string): void {
    const lines = (this.#replyLine + text).split('\r\n')
    this.#replyLine = lines.pop()!
    for (const line of lines) {
      if (line.charAt(3) === '-') continue
      if (this.#mode === 'auth' && line.startsWith('334')) continue
      // the reply to the last command, not to those that were pipelined before it
      const isLast = this.#owed === 1
      if (isLast && this.#mode === 'auth') this.#mode = 'command'
      if (isLast && this.#mode === 'awaiting TLS' && !line.startsWith('220')) this.#mode = 'command'
      if (isLast && this.#mode === 'awaiting 354') this.#mode = line.startsWith('354') ? 'data' : 'command'
      this.#owed = Math.max(0, this.#owed - 1)
    }
    this.#work()
  }

  #work(): void {
    if (this.#waits()) return
    if (this.#more.length > 0) {
      const more = this.#more.splice(0)
      this.#input =
        this.#input.length === 0 && more.length === 1
          ? asBuffer(more[0]!)
          : Buffer.concat([this.#input, ...more])
    }
    while (this.#step());
  }

  /** For a reply of the server, before anything else can be done. */
  #waits(): boolean {
    return this.#mode === 'over' || this.#mode === 'awaiting 354' || (this.#picked !== null && this.#owed > 0)
  }

  /** Deals with one piece of the input; false: there is nothing to deal with now. */
  #step(): boolean {
    const input = this.#input
    if (input.length === 0 || this.#mode === 'over' || this.#mode === 'awaiting 354') return false
    if (this.#mode === 'chunk') {
      this.#take(Math.min(this.#chunkLeft, input.length), !this.#swallow)
      return true
    }
    // what stands in clear behind STARTTLS is an attack: the server has to see it where it stands
    if (this.#mode === 'awaiting TLS') {
      this.#take(input.length, true)
      return false
    }
    const end = input.indexOf('\r\n')
    if (end < 0 || this.#isMidLine) return this.#passLongLine(end)
    const line = input.toString('latin1', 0, end)
    if (this.#mode === 'data') {
      if (line === '.') {
        this.#owed++
        this.#mode = 'command'
      }
      this.#take(end + 2, true)
      return true
    }
    if (this.#mode === 'auth') {
      this.#take(end + 2, true)
      return true
    }
    return this.#command(line, end + 2)
  }

  /** A line that is too long to be looked at: `end` is where it ends, -1 when that has not come yet. */
  #passLongLine(end: number): boolean {
    if (end < 0) {
      if (this.#input.length < LONGEST_LINE) return false
      this.#isMidLine = true
      // a CR stays: its LF may come next
      this.#take(this.#input.length - 1, true)
      return false
    }
    this.#isMidLine = false
    // a server answers it when it likes, so nothing is waited for
    this.#take(end + 2, true)
    return true
  }

  #command(line: string, length: number): boolean {
    const verb = line.split(' ', 1)[0]!.toUpperCase()
    const chunk = verb === 'BDAT' ? Number(line.split(' ')[1]) : 0
    this.#picked ??= this.#pick(verb)
    const fault = this.#picked
    if (fault) {
      // the replies to what came before go first
      if (this.#owed > 0) return false
      this.#picked = null
      this.#take(length, false)
      this.#answer(fault)
    } else {
      this.#owed++
      if (verb === 'DATA') this.#mode = 'awaiting 354'
      if (verb === 'AUTH') this.#mode = 'auth'
      if (verb === 'STARTTLS') this.#mode = 'awaiting TLS'
      this.#take(verb === 'STARTTLS' ? this.#input.length : length, true)
    }
    if (chunk > 0 && this.#isOn()) {
      this.#mode = 'chunk'
      this.#chunkLeft = chunk
      this.#swallow = fault !== null
    }
    return this.#isOn()
  }

  #isOn(): boolean {
    return this.#mode !== 'over'
  }

  #take(length: number, pass: boolean): void {
    const bytes = this.#input.subarray(0, length)
    this.#input = this.#input.subarray(length)
    if (this.#mode === 'chunk') {
      this.#chunkLeft -= length
      if (this.#chunkLeft === 0) this.#mode = 'command'
    }
    if (pass) this.#pass(bytes)
  }

  #answer({ reply, reset }: FaultyReply): void {
    if (reset) {
      this.#mode = 'over'
      this.#inner.destroy()
      return
    }
    this.#inner.write(fromLatin1(`${reply}\r\n`))
    if (reply.startsWith('421')) this.#over()
  }

  #over(): void {
    if (this.#mode === 'over') return
    this.#mode = 'over'
    this.#inner.end()
  }
}

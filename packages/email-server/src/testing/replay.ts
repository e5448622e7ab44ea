// Replays a transcript against sessions in memory: whole, byte by byte, and cut at every point. What the tested side says
// must be what is written, nothing more; a failure names the file, the line and the cut.
import type { SansIoSession } from '../base/session.ts'
import { SessionDriver } from './driver.ts'
import type { Piece, Step, Transcript } from './transcript.ts'
import { turn } from './turn.ts'

/** What one replay runs against: made anew for each. */
export interface Scenario {
  /** A new connection: the session that is tested. `connection` is the number in the transcript (1 when it has none). */
  open(connection: number, now: number): SansIoSession
  /** What `do name …` calls; awaited. */
  readonly actions?: Readonly<Record<string, (...args: string[]) => unknown>>
}

export type Setup = (transcript: Transcript) => Scenario

/** How what the other side says is cut into pieces. */
export type Cutting =
  /** Lines that follow each other are fed at once. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'bytes' }
  /** One cut in the whole dialogue, before its n-th byte. */
  | { readonly kind: 'at'; readonly offset: number }
  /** Every line is cut before its n-th byte. */
  | { readonly kind: 'each-line-at'; readonly offset: number }

export interface ReplayOptions {
  /** Time at the start, ms since the epoch. Default 0. */
  readonly now?: number
  /** Turns of the event loop that an answer may take. Default 2,000. */
  readonly patience?: number
}

/** What the session said is not what the transcript says. */
export class TranscriptMismatch extends Error {
  override readonly name = 'TranscriptMismatch'
}

/** Replays once. Rejects with a TranscriptMismatch. Resolves with how many bytes were fed, and the longest piece. */
export async function replay(
  transcript: Transcript,
  setup: Setup,
  cutting: Cutting = { kind: 'whole' },
  options: ReplayOptions = {},
): Promise<{ readonly fed: number; readonly longest: number }> {
  const run = new Replay(transcript, setup(transcript), cutting, options)
  await run.all()
  return { fed: run.fed, longest: run.longest }
}

/** Above this many fed bytes, cuts are made in all lines at a time instead of one by one. */
const SINGLE_CUTS_BELOW = 400

/**
 * Replays whole, byte by byte, and cut at every point: one cut per replay when the dialogue is short, else every line
 * cut at its first, second, … byte.
 */
export async function replayEveryWay(
  transcript: Transcript,
  setup: Setup,
  options: ReplayOptions = {},
): Promise<void> {
  const { fed, longest } = await replay(transcript, setup, { kind: 'whole' }, options)
  await replay(transcript, setup, { kind: 'bytes' }, options)
  if (fed <= SINGLE_CUTS_BELOW) {
    for (let offset = 1; offset < fed; offset++)
      await replay(transcript, setup, { kind: 'at', offset }, options)
  } else {
    const last = Math.min(longest, SINGLE_CUTS_BELOW)
    for (let offset = 1; offset < last; offset++) {
      await replay(transcript, setup, { kind: 'each-line-at', offset }, options)
    }
  }
}

type SayStep = Extract<Step, { kind: 'say' }>

class Replay {
  readonly #transcript: Transcript
  readonly #scenario: Scenario
  readonly #cutting: Cutting
  readonly #patience: number
  readonly #drivers = new Map<number, SessionDriver>()
  readonly #variables = new Map<string, string>()
  readonly #said: string[] = []
  /** Who feeds: the side that the session is not. */
  readonly #feeds: 'C' | 'S'
  #now: number
  fed = 0
  longest = 0

  constructor(transcript: Transcript, scenario: Scenario, cutting: Cutting, options: ReplayOptions) {
    this.#transcript = transcript
    this.#scenario = scenario
    this.#cutting = cutting
    this.#patience = options.patience ?? 2000
    this.#now = options.now ?? 0
    this.#feeds = transcript.role === 'server' ? 'C' : 'S'
  }

  async all(): Promise<void> {
    const { steps } = this.#transcript
    for (let i = 0; i < steps.length; ) {
      const step = steps[i]!
      if (step.kind === 'say') {
        const run = this.#runOf(i)
        if (step.by === this.#feeds) await this.#feed(run)
        else if (step.unordered) await this.#expectUnordered(run)
        else for (const one of run) await this.#expect(one)
        i += run.length
      } else {
        await this.#act(step)
        i++
      }
    }
    for (const connection of this.#drivers.keys())
      await this.#expectSilence(connection, steps.at(-1)?.line ?? 0)
    for (const driver of this.#drivers.values()) driver.destroy()
  }

  /** Lines that belong together: same side, same connection, same order. */
  #runOf(start: number): SayStep[] {
    const first = this.#transcript.steps[start] as SayStep
    const run: SayStep[] = []
    for (const step of this.#transcript.steps.slice(start)) {
      if (step.kind !== 'say' || step.by !== first.by) break
      if (step.connection !== first.connection || step.unordered !== first.unordered) break
      run.push(step)
    }
    return run
  }

  async #feed(run: readonly SayStep[]): Promise<void> {
    const first = run[0]!
    const driver = this.#driver(first.connection)
    await this.#expectSilence(first.connection, first.line)
    if (driver.closed) this.#fail(first.line, 'the session is closed: nobody hears this')
    const lines = run.map(step => Buffer.from(this.#fill(step), 'latin1'))
    for (const step of run) this.#note(step.by, step.connection, this.#fill(step))
    for (const piece of this.#cut(lines)) {
      driver.feed(piece)
      if (this.#cutting.kind !== 'whole') await turn()
    }
  }

  #cut(lines: readonly Buffer[]): readonly Buffer[] {
    const all = Buffer.concat(lines)
    const start = this.fed
    this.fed += all.length
    for (const line of lines) this.longest = Math.max(this.longest, line.length)
    switch (this.#cutting.kind) {
      case 'whole':
        return [all]
      case 'bytes':
        return [...all].map(byte => Buffer.of(byte))
      case 'at': {
        const at = this.#cutting.offset - start
        return at > 0 && at < all.length ? [all.subarray(0, at), all.subarray(at)] : [all]
      }
      case 'each-line-at': {
        const { offset } = this.#cutting
        return lines.flatMap(line =>
          offset < line.length ? [line.subarray(0, offset), line.subarray(offset)] : [line],
        )
      }
    }
  }

  async #expect(step: SayStep): Promise<void> {
    const names: string[] = []
    const pattern = new RegExp(`^${this.#pattern(step.pieces, names)}`)
    const match = await this.#wait(step.connection, text => pattern.exec(text))
    if (!match) this.#mismatch(step, [step])
    this.#consume(step, match, names)
  }

  async #expectUnordered(run: readonly SayStep[]): Promise<void> {
    const left = [...run]
    while (left.length > 0) {
      const patterns = left.map(step => {
        const names: string[] = []
        return { step, pattern: new RegExp(`^${this.#pattern(step.pieces, names)}`), names }
      })
      const found = await this.#wait(run[0]!.connection, text => {
        for (const { step, pattern, names } of patterns) {
          const match = pattern.exec(text)
          if (match) return { step, match, names }
        }
        return null
      })
      if (!found) return this.#mismatch(left[0]!, left)
      this.#consume(found.step, found.match, found.names)
      left.splice(left.indexOf(found.step), 1)
    }
  }

  #consume(step: SayStep, match: RegExpExecArray, names: readonly string[]): void {
    const driver = this.#driver(step.connection)
    const rest = driver.take().subarray(match[0].length)
    driver.putBack(rest)
    this.#note(step.by, step.connection, match[0])
    for (const [i, name] of names.entries()) this.#variables.set(name, match[i + 1]!)
  }

  /** Waits for output that `test` likes; null when it does not come. */
  async #wait<T>(connection: number, test: (text: string) => T | null): Promise<T | null> {
    const driver = this.#driver(connection)
    let seen = -1
    for (let i = 0; i < this.#patience; i++) {
      if (driver.outputCount !== seen || i === 0) {
        seen = driver.outputCount
        const result = test(latin1(driver.peek()))
        if (result !== null) return result
      }
      await turn()
    }
    return null
  }

  async #act(step: Exclude<Step, SayStep>): Promise<void> {
    switch (step.kind) {
      case 'do': {
        const action = this.#scenario.actions?.[step.action]
        if (!action) this.#fail(step.line, `the set-up has no action ${step.action}`)
        const args = step.args.map(arg => this.#transcript.blocks.get(arg) ?? arg)
        await action(...args)
        return
      }
      case 'advance':
        for (const driver of this.#drivers.values()) await driver.advance(step.ms)
        this.#now += step.ms
        return
      case 'upgrade': {
        const driver = this.#driver(step.connection)
        await this.#expectSilence(step.connection, step.line)
        if (driver.upgrade !== step.to) this.#fail(step.line, `the session has not asked for ${step.to}`)
        driver.upgraded()
        return
      }
      case 'opens':
        if (this.#drivers.has(step.connection)) this.#fail(step.line, 'this connection is open already')
        this.#driver(step.connection)
        return
      case 'closes':
      case 'resets': {
        const driver = this.#driver(step.connection)
        if (step.by === this.#feeds) {
          // one may hang up without having listened
          if (step.kind === 'closes') driver.eof()
          else driver.destroy(new Error('connection reset by peer'))
          await driver.settle()
          if (step.kind === 'resets') driver.take()
        } else {
          await this.#expectSilence(step.connection, step.line)
          if (!driver.closed) this.#fail(step.line, 'the session has not closed the connection')
        }
        return
      }
    }
  }

  /** Nothing more may come than what was expected. */
  async #expectSilence(connection: number, line: number): Promise<void> {
    const driver = this.#driver(connection)
    await driver.settle()
    const extra = driver.peek()
    if (extra.length > 0) this.#fail(line, `before this line, the session said more: ${show(latin1(extra))}`)
  }

  #driver(connection: number): SessionDriver {
    let driver = this.#drivers.get(connection)
    if (!driver) {
      driver = new SessionDriver(this.#scenario.open(connection, this.#now), { now: this.#now })
      this.#drivers.set(connection, driver)
      driver.greet()
    }
    return driver
  }

  #fill(step: SayStep): string {
    return step.pieces
      .map(piece => {
        const known = this.#known(piece, step.line)
        if (known === null) return this.#fail(step.line, 'a line that is said cannot leave anything open')
        return known
      })
      .join('')
  }

  #pattern(pieces: readonly Piece[], names: string[]): string {
    return pieces
      .map(piece => {
        if (piece.kind === 'any') return '[^\\r\\n]*?'
        if (piece.kind === 'lines') return '(?:[^\\r\\n]*\\r\\n)*?'
        if (piece.kind === 'variable' && !this.#variables.has(piece.name)) {
          const again = names.indexOf(piece.name)
          if (again >= 0) return `\\${again + 1}`
          names.push(piece.name)
          return { text: '([^\\r\\n]+?)', number: '([0-9]+)', word: '([^\\s()<>[\\]]+)' }[piece.of]
        }
        return quoted(this.#known(piece, 0) ?? '')
      })
      .join('')
  }

  /** The bytes that a piece stands for, null when that is open. */
  #known(piece: Piece, line: number): string | null {
    switch (piece.kind) {
      case 'bytes':
        return piece.bytes
      case 'variable':
        return this.#variables.get(piece.name) ?? null
      case 'any':
      case 'lines':
        return null
      default: {
        const block = this.#transcript.blocks.get(piece.name)
        if (block === undefined) return this.#fail(line, `there is no block ${piece.name}`)
        if (piece.kind === 'size') return String(block.length)
        return piece.kind === 'block' ? block : block.replace(/^\./gm, '..')
      }
    }
  }

  #note(by: 'C' | 'S', connection: number, bytes: string): void {
    this.#said.push(`    ${by}${connection === 1 ? '' : connection}: ${show(bytes)}`)
  }

  #mismatch(step: SayStep, wanted: readonly SayStep[]): never {
    const driver = this.#driver(step.connection)
    const got = latin1(driver.peek())
    const expected = wanted.map(one => `    ${one.by}: ${one.pieces.map(describePiece).join('')}`).join('\n')
    const end = driver.closed
      ? `\n  and it has closed${driver.closed.error ? `: ${driver.closed.error.message}` : ''}`
      : ''
    this.#fail(
      step.line,
      `expected${wanted.length > 1 ? ' one of' : ''}\n${expected}\n  but the session said\n    ${got === '' ? 'nothing' : show(got)}${end}`,
    )
  }

  #fail(line: number, what: string): never {
    const cut =
      this.#cutting.kind === 'at' || this.#cutting.kind === 'each-line-at'
        ? ` (cut ${this.#cutting.kind === 'at' ? 'before byte' : 'each line before byte'} ${this.#cutting.offset + 1})`
        : this.#cutting.kind === 'bytes'
          ? ' (byte by byte)'
          : ''
    const before = this.#said.length > 0 ? `\n  after\n${this.#said.slice(-12).join('\n')}` : ''
    throw new TranscriptMismatch(`${this.#transcript.name}:${line}${cut}: ${what}${before}`)
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|\r\n\0/-]/g, c =>
    /[\r\n\0]/.test(c) ? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}` : `\\${c}`,
  )
}

/** Bytes for a person: text where it is text, at most a few hundred characters. */
function show(bytes: string): string {
  const cut = bytes.length > 400 ? `${bytes.slice(0, 400)}… (${bytes.length} bytes)` : bytes
  return JSON.stringify(cut)
}

function describePiece(piece: Piece): string {
  if (piece.kind === 'bytes') return piece.bytes.replace(/\r\n/g, '')
  if (piece.kind === 'any') return '<<*>>'
  if (piece.kind === 'lines') return '<<lines>>'
  return piece.kind === 'variable' ? `<<${piece.name}>>` : `<<${piece.kind} ${piece.name}>>`
}

// The smallest server session there can be, to try the bench on: ECHO text, SLOW (answers after 3 s), LATER (sets its
// deadline of 2 s after a promise), STARTTLS, WAIT (a promise), QUIT.
import { utf8 } from '../../src/base/bytes.ts'
import { Emitter } from '../../src/base/emitter.ts'
import { InputQueue } from '../../src/base/input-queue.ts'
import type { TlsInfo } from '../../src/base/runtime.ts'
import type { SansIoSession, SessionEvents } from '../../src/base/session.ts'
import { SessionClock } from '../../src/base/session-clock.ts'

export class ToySession extends Emitter<SessionEvents> implements SansIoSession {
  readonly #clock = new SessionClock(undefined, () => this.emit('wake'))
  readonly #input = new InputQueue()
  #over = false
  #upgrading = false
  outputPaused = false

  greet(): void {
    this.#say('hello')
    this.#clock.set('idle', 60_000, () => this.#end('too slow'))
  }

  feed(bytes: Uint8Array): boolean {
    this.#input.push(bytes)
    while (!this.#over && !this.#upgrading) {
      const line = this.#input.takeLine(100)
      if (line === null) break
      if (typeof line === 'symbol') this.#end('too long')
      else this.#command(utf8(line))
    }
    return true
  }

  eof(): void {
    this.#end('eof')
  }

  tick(now: number): void {
    this.#clock.tick(now)
  }

  deadline(): number | null {
    return this.#clock.next()
  }

  pauseOutput(): void {
    this.outputPaused = true
  }

  resumeOutput(): void {
    this.outputPaused = false
  }

  upgraded(tls: TlsInfo | null): void {
    this.#upgrading = false
    this.#say(`secured by ${tls?.protocol}`)
  }

  destroy(): void {
    this.#clock.clearAll()
    if (this.#over) return
    this.#over = true
    this.emit('close', null)
  }

  #command(line: string): void {
    if (line.startsWith('ECHO ')) this.#say(line.slice(5))
    else if (line === 'WAIT') void Promise.resolve().then(() => this.#say('waited'))
    else if (line === 'SLOW') this.#clock.set('slow', 3000, () => this.#say('at last'))
    else if (line === 'LATER') {
      void Promise.resolve().then(() => this.#clock.set('later', 2000, () => this.#say('much later')))
    } else if (line === 'STARTTLS') {
      this.#say('go ahead')
      this.#upgrading = true
      this.#input.clear()
      this.emit('upgrade', 'tls')
    } else if (line === 'QUIT') this.#end('bye')
    else this.#say('what?')
  }

  #end(text: string): void {
    if (this.#over) return
    this.#say(text)
    this.#over = true
    this.emit('close', null)
  }

  #say(text: string): void {
    if (!this.#over) this.emit('send', Buffer.from(`${text}\r\n`))
  }
}

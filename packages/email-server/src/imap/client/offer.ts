// What the server offers (RFC 3501 §7.2.1) and what has been switched on (RFC 5161).
import type { DataResponse, StatusResponse } from './responses.ts'

/** LITERAL- takes so many octets unasked (RFC 7888 §5). */
const LITERAL_MINUS = 4096

export class Offer {
  #words: readonly string[] = []
  #names: ReadonlySet<string> = new Set()
  readonly #enabled = new Set<string>()

  /** As the server wrote it. */
  get words(): readonly string[] {
    return this.#words
  }

  /** Names and texts are UTF-8 (RFC 6855, RFC 9051). */
  get utf8(): boolean {
    if (this.isEnabled('UTF8=ACCEPT') || this.isEnabled('IMAP4REV2')) return true
    return this.has('IMAP4REV2') && !this.has('IMAP4REV1')
  }

  /** `name` in upper case. */
  has(name: string): boolean {
    return this.#names.has(name)
  }

  isEnabled(name: string): boolean {
    return this.#enabled.has(name)
  }

  enabled(names: readonly string[]): void {
    for (const name of names) this.#enabled.add(name)
  }

  forget(): void {
    this.#set('')
  }

  /** Must the server ask for a literal of this size? */
  synchronizing(size: number): boolean {
    if (this.has('LITERAL+')) return false
    return !((this.has('LITERAL-') || this.has('IMAP4REV2')) && size <= LITERAL_MINUS)
  }

  /** True: it was told what is on offer. */
  hearData({ name, reader }: DataResponse): boolean {
    if (name !== 'CAPABILITY') return false
    this.#set(reader.rest())
    return true
  }

  hearCode({ code }: StatusResponse): boolean {
    if (code?.name !== 'CAPABILITY') return false
    this.#set(code.args)
    return true
  }

  #set(text: string): void {
    this.#words = text.trim().split(' ').filter(Boolean)
    this.#names = new Set(this.#words.map(each => each.toUpperCase()))
  }
}

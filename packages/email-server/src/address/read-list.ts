// Address lists of header fields: From, To, Cc, Reply-To and their kin. RFC 5322 §3.4 with the obsolete forms of §4.4, RFC 6854
// (groups anywhere), RFC 6532; beyond that as tolerant as good mail clients are. Iterative, linear in the length of the text.

import {
  type AddrSpec,
  commentText,
  isRegularPhrase,
  phrase,
  readAddrSpecs,
  readAngleContent,
} from './addr-spec.ts'
import { isMark, Scanner, type Token, withoutLineEnds } from './scan.ts'
import type { AddressList, ListGroup, ListMailbox } from './types.ts'
import { readUsualMailbox } from './usual-mailbox.ts'

export interface ReadListOptions {
  /** Most mailboxes that are read, in groups and out of them, each group counted as one more. Default 2,000. */
  readonly maxMailboxes?: number
}

/** Words and marks of one entry; an entry with more is text without an address. Thousands of real addresses with commas are not one entry. */
const TOKEN_LIMIT = 5000
const NO_TOKEN: Token = { kind: 'end', text: '', spaced: true, start: 0 }
const NOTHING: ReturnType<typeof readAddrSpecs> = { specs: [], rest: [] }

// address-list = (address *("," address)) / obs-addr-list; address = mailbox / group; mailbox = name-addr / addr-spec
// name-addr = [display-name] angle-addr; angle-addr = [CFWS] "<" addr-spec ">" [CFWS] / obs-angle-addr
// group = display-name ":" [group-list] ";" [CFWS]                                                   RFC 5322 §3.4
/**
 * Reads the body of an address field, folded or not. Also understood: semicolons for commas, a missing comma behind an address, text behind
 * the address, a missing `>` or `;`, groups inside groups (their members count to the outer one), specials bare in names.
 */
export function readAddressList(text: string, options: ReadListOptions = {}): AddressList {
  const reader = new ListReader(text, options.maxMailboxes ?? 2000)
  while (reader.readEntry());
  return { entries: reader.entries, truncated: reader.truncated }
}

class ListReader {
  readonly entries: (ListMailbox | ListGroup)[] = []
  truncated = false
  readonly #text: string
  readonly #scanner: Scanner
  readonly #limit: number
  #members: ListMailbox[] | null = null
  #count = 0
  #token: Token = NO_TOKEN

  constructor(text: string, limit: number) {
    this.#text = text
    this.#limit = limit
    this.#scanner = new Scanner(text)
  }

  /** Reads up to and with the next separator; false at the end. */
  readEntry(): boolean {
    const usual = readUsualMailbox(this.#text, this.#scanner.position)
    if (usual !== null) {
      this.#add(usual.mailbox)
      this.#scanner.position = usual.end
      this.#step()
    } else {
      this.#step()
      if (this.#readWords()) return true
    }
    if (isMark(this.#token, ';')) this.#members = null
    return this.#token.kind !== 'end' && !this.truncated
  }

  /** Reads an entry word by word, up to its separator; true when it was the beginning of a group. */
  #readWords(): boolean {
    let tokens: Token[] = []
    let angle: ListMailbox | null = null
    let hasAt = false
    while (this.#token.kind !== 'end' && !this.truncated) {
      const mark = this.#token.kind === 'mark' ? this.#token.text : ''
      if (mark === ',' || mark === ';') break
      if (mark === ':' && !hasAt && angle === null) {
        this.#openGroup(tokens)
        return true
      }
      if (mark === '<') {
        // no comma between two mailboxes
        if (angle !== null) this.#add({ ...angle, regular: false })
        angle = this.#readAngle(tokens)
        tokens = []
        hasAt = false
        continue
      }
      hasAt ||= mark === '@'
      if (tokens.length < TOKEN_LIMIT) tokens.push(this.#token)
      this.#step()
    }
    this.#closeEntry(angle, tokens, hasAt)
    return false
  }

  #step(): void {
    this.#token = this.#scanner.next()
  }

  #openGroup(tokens: readonly Token[]): void {
    if (this.#members !== null || this.#noPlace()) return
    this.#members = []
    this.entries.push({ kind: 'group', name: phrase(tokens) ?? '', members: this.#members })
  }

  /** What is left when a separator is reached: a mailbox without angles, or what stands behind one with them. */
  #closeEntry(angle: ListMailbox | null, tokens: readonly Token[], hasAt: boolean): void {
    if (angle === null) {
      this.#addBare(tokens)
      return
    }
    const behind = hasAt ? null : phrase(tokens)
    const name = angle.name ?? behind ?? commentText(tokens)
    this.#add({ ...angle, name, regular: angle.regular && behind === null && !hasAt })
    if (hasAt) this.#addBare(tokens)
  }

  #addBare(tokens: readonly Token[]): void {
    if (tokens.length === 0) return
    const { specs, rest } = tokens.length < TOKEN_LIMIT ? readAddrSpecs(tokens) : NOTHING
    if (specs.length === 0) {
      const text = phrase(tokens)
      const comment = commentText(tokens)
      // A comment alone stands for an address that nobody can read only when there is nothing else: `(nobody)`.
      if (text === null && (comment === null || this.entries.length > 0)) return
      const ambiguous = tokens.length === TOKEN_LIMIT || tokens.some(token => isMark(token, '@'))
      const raw = this.#raw(tokens[0]!.start)
      const name = ambiguous ? raw : (text ?? comment)
      this.#add({ kind: 'mailbox', name, route: null, local: null, domain: null, regular: false })
      return
    }
    for (const [index, spec] of specs.entries()) {
      const name = phrase(spec.before) ?? (index === specs.length - 1 ? phrase(rest) : null)
      const comment = specs.length === 1 ? commentText(tokens) : null
      const regular = spec.regular && specs.length === 1 && name === null
      this.#add(mailbox(spec, name ?? comment, regular))
    }
  }

  #readAngle(before: readonly Token[]): ListMailbox {
    this.#step()
    const start = this.#token.start
    const inside: Token[] = []
    for (; this.#token.kind !== 'end'; this.#step()) {
      const mark = this.#token.kind === 'mark' ? this.#token.text : ''
      if (mark === '>' || mark === '<' || mark === ';') break
      // a comma belongs to a source route, otherwise the closing bracket is missing
      if (mark === ',' && inside.length > 0 && !isMark(inside[0]!, '@')) break
      if (inside.length < TOKEN_LIMIT) inside.push(this.#token)
    }
    const name = phrase(before) ?? commentText(before)
    const spec = inside.length < TOKEN_LIMIT ? readAngleContent(inside) : null
    if (spec) {
      const closed = isMark(this.#token, '>')
      if (closed) this.#step()
      const regular = closed && spec.regular && isRegularPhrase(before)
      return mailbox(spec, name ?? commentText(inside), regular)
    }
    const raw = this.#raw(start)
    if (isMark(this.#token, '>')) this.#step()
    return {
      kind: 'mailbox',
      name: name ?? (raw || null),
      route: null,
      local: null,
      domain: null,
      regular: false,
    }
  }

  /** The text from there to the current token, for showing what could not be understood. */
  #raw(start: number): string {
    return withoutLineEnds(this.#text.slice(start, this.#token.start)).trim()
  }

  /** Takes one of the places that the limit leaves; true when there is none. */
  #noPlace(): boolean {
    this.truncated = this.#count === this.#limit
    if (!this.truncated) this.#count++
    return this.truncated
  }

  #add(entry: ListMailbox): void {
    if (this.#noPlace()) return
    if (this.#members !== null) this.#members.push(entry)
    else this.entries.push(entry)
  }
}

function mailbox(spec: AddrSpec, name: string | null, regular: boolean): ListMailbox {
  return { kind: 'mailbox', name, route: spec.route, local: spec.local, domain: spec.domain, regular }
}

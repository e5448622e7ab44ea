// What a client says, cut into lines and content, with passwords and tokens left out. Hides rather too much than too little.

export type TracedProtocol = 'smtp' | 'imap' | 'pop3'

/** What stands where a secret was. */
export const SECRET = '[secret]'

/** A line with its CRLF, or octets of a message or literal; one octet a character. */
export interface SaidPiece {
  readonly text: string
  readonly isContent: boolean
}

/** Longest line that is waited for, characters. */
const LONGEST_LINE = 64 * 1024

export class Redactor {
  readonly #protocol: TracedProtocol
  #client = ''
  #server = ''
  /** Octets of content that come next. */
  #contentLeft = 0
  /** What comes is a message, up to the line with a dot. */
  #inData = false
  /** The client is logging in: what it says is hidden until the server has answered. IMAP: up to the reply with this tag. */
  #hiding: { readonly tag: string } | null = null

  constructor(protocol: TracedProtocol) {
    this.#protocol = protocol
  }

  /** What can be told now of these octets. */
  client(octets: string): SaidPiece[] {
    this.#client += octets
    const pieces: SaidPiece[] = []
    for (;;) {
      const text = this.#client
      if (this.#contentLeft > 0 && text !== '') {
        const content = text.slice(0, this.#contentLeft)
        this.#contentLeft -= content.length
        this.#client = text.slice(content.length)
        pieces.push({ text: this.#hiding ? SECRET : content, isContent: true })
        continue
      }
      const end = text.indexOf('\r\n')
      if (end < 0 && text.length < LONGEST_LINE) return pieces
      const line = text.slice(0, end < 0 ? LONGEST_LINE : end)
      this.#client = text.slice(end < 0 ? LONGEST_LINE : end + 2)
      pieces.push({ text: `${this.#line(line)}\r\n`, isContent: this.#inData })
      if (this.#inData && line === '.') this.#inData = false
    }
  }

  /** The same of what the server says. */
  server(octets: string): string[] {
    const lines = (this.#server + octets).split('\r\n')
    this.#server = lines.pop()!
    if (this.#server.length >= LONGEST_LINE) {
      lines.push(this.#server)
      this.#server = ''
    }
    return lines.map(line => `${this.#reply(line)}\r\n`)
  }

  /** What was begun and never ended. */
  rest(): { readonly client: string; readonly server: string } {
    return { client: this.#client === '' ? '' : SECRET, server: this.#server }
  }

  #line(line: string): string {
    if (this.#inData) return line
    if (this.#hiding) {
      this.#expectLiteral(line)
      return SECRET
    }
    if (this.#protocol === 'imap') return this.#imapLine(line)
    const [verb = '', first = ''] = line.split(' ')
    const upper = verb.toUpperCase()
    if (upper === 'PASS') return `${verb} ${SECRET}`
    if (upper === 'APOP') return `${verb} ${first} ${SECRET}`
    if (upper === 'AUTH' && first !== '') {
      this.#hiding = { tag: '' }
      return this.#withoutInitial(line, 2)
    }
    if (upper === 'BDAT') this.#contentLeft = Number(first) || 0
    return line
  }

  #imapLine(line: string): string {
    const [tag = '', command = ''] = line.split(' ')
    const upper = command.toUpperCase()
    if (upper !== 'LOGIN' && upper !== 'AUTHENTICATE') {
      this.#expectLiteral(line)
      return line
    }
    this.#hiding = { tag }
    this.#expectLiteral(line)
    return this.#withoutInitial(line, upper === 'LOGIN' ? 2 : 3)
  }

  /** The first words, and a secret if there is more. */
  #withoutInitial(line: string, words: number): string {
    const all = line.split(' ')
    return all.length > words ? `${all.slice(0, words).join(' ')} ${SECRET}` : line
  }

  // literal = "{" number ["+" / "-"] "}" CRLF; "~" may stand in front
  #expectLiteral(line: string): void {
    if (this.#protocol !== 'imap') return
    const match = /\{([0-9]{1,10})[+-]?\}$/.exec(line)
    if (match) this.#contentLeft = Number(match[1])
  }

  #reply(line: string): string {
    if (this.#protocol === 'smtp' && line.startsWith('354')) this.#inData = true
    if (!this.#hiding) return line
    const goesOn = this.#protocol === 'smtp' ? line.startsWith('334') : line.startsWith('+ ') || line === '+'
    if (goesOn) return line.length > 4 ? `${line.slice(0, line.indexOf(' ') + 1)}${SECRET}` : line
    if (this.#protocol !== 'imap' || line.startsWith(`${this.#hiding.tag} `)) this.#hiding = null
    return line
  }
}

// The last word to somebody who does not come in: in the language of the port, then the door is closed.
import { fromUtf8 } from '../base/bytes.ts'
import { describe, usageError } from '../base/errors.ts'
import type { Connection, Runtime } from '../base/runtime.ts'

/** How long the last word may take to leave, ms. */
const LINGER_MS = 5_000

export interface LastWord {
  /** SMTP: usually 421 or 554 (RFC 5321 §3.1, §3.8). */
  readonly code: number
  readonly text: string
}

/** What `reject(code, text)` of a connection says; null: nothing. `complain` hears of arguments that cannot be used; then it is the usual word. */
export function lastWord(code: unknown, text: unknown, complain: (error: Error) => void): LastWord | null {
  if (code === undefined && text === undefined) return null
  let [number, said] = [554, 'No service for you']
  if (typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599) number = code
  else if (code !== undefined)
    complain(usageError(`a rejection has a code from 400 to 599, not ${describe(code)}`))
  if (typeof text === 'string' && /^[\x20-\x7e]{1,400}$/.test(text)) said = text
  else if (text !== undefined)
    complain(usageError('the text of a rejection is one line of ASCII, at most 400 characters'))
  return { code: number, text: said }
}

/** In the words of the protocol. */
export function lastLine(protocol: 'smtp' | 'imap' | 'pop3', { code, text }: LastWord): string {
  if (protocol === 'imap') return `* BYE ${text}\r\n`
  if (protocol === 'pop3') return `-ERR ${text}\r\n`
  const enhanced = code < 500 ? '4.7.0' : '5.7.1'
  return `${code} ${/^[45]\.\d{1,3}\.\d{1,3} /.test(text) ? '' : `${enhanced} `}${text}\r\n`
}

/** Says the line, if there is one, and closes. `gone` is called once, when the connection is. */
export function turnAway(
  connection: Connection,
  line: string | null,
  runtime: Pick<Runtime, 'setTimer'>,
  gone: () => void,
): void {
  const timer = runtime.setTimer(LINGER_MS, () => connection.destroy())
  connection.open({
    data() {},
    end() {},
    drain() {},
    secured() {},
    closed() {
      timer.cancel()
      gone()
    },
  })
  if (line === null) {
    connection.destroy()
    return
  }
  connection.write(fromUtf8(line))
  connection.end()
}

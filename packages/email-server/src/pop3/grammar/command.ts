// RFC 2449 §3: command = keyword *(SP param) CRLF; keyword = 3*4VCHAR. The line comes without its CRLF.
import { asBuffer, utf8 } from '../../base/bytes.ts'
import { PeerSyntaxError } from '../../base/errors.ts'

export interface CommandLine {
  /** In upper case. */
  readonly keyword: string
  /** What stands behind the first space; empty when there is none. */
  readonly rest: string
}

/** Throws a PeerSyntaxError for bytes that no command line holds: control characters, or text that is not UTF-8. */
export function readCommandLine(line: Uint8Array): CommandLine {
  for (let i = 0; i < line.length; i++) {
    if (line[i]! < 0x20 || line[i] === 0x7f) throw new PeerSyntaxError('Control characters in a command', i)
  }
  const text = utf8(line)
  if (text.includes('\ufffd') && !asBuffer(line).equals(Buffer.from(text))) {
    throw new PeerSyntaxError('A command that is not UTF-8')
  }
  const space = text.indexOf(' ')
  if (space < 0) return { keyword: text.toUpperCase(), rest: '' }
  return { keyword: text.slice(0, space).toUpperCase(), rest: text.slice(space + 1) }
}

/** Whole numbers separated by single spaces, as many as `least` to `most`. */
export function readNumbers(rest: string, least: number, most: number): number[] {
  const numbers = rest === '' ? [] : rest.split(' ').map(readNumber)
  if (numbers.length < least || numbers.length > most) throw new PeerSyntaxError('Wrong number of arguments')
  return numbers
}

export function readNothing(rest: string): void {
  if (rest !== '') throw new PeerSyntaxError('No argument expected')
}

function readNumber(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw new PeerSyntaxError('A whole number expected')
  return Number(text)
}

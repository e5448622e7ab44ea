// A command line cut into its verb and its argument (RFC 5321 §4.1.1).
import { fromLatin1, utf8 } from '../../base/bytes.ts'

export interface CommandLine {
  /** In upper case: verbs are told apart by their letters, not by their case (§2.4). */
  readonly verb: string
  /** Without the blanks around it: those at the end of a line are tolerated (§4.1.1). */
  readonly argument: string
  /** False when the line holds what no line of SMTP does: control characters (§4.1.2), or bytes that are no UTF-8. */
  readonly clean: boolean
}

const PLAIN = /^[\t\x20-\x7e]*$/
const UNCLEAN = /[\x00-\x08\x0a-\x1f\x7f\ufffd]/

/** `line` is without its CRLF, one character for each octet. */
export function readCommandLine(line: string): CommandLine {
  const plain = PLAIN.test(line)
  const text = plain ? line : utf8(fromLatin1(line))
  let end = text.length
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--
  let space = text.indexOf(' ')
  if (space < 0 || space > end) space = end
  let start = space
  while (start < end && isBlank(text.charCodeAt(start))) start++
  return {
    verb: text.slice(0, space).toUpperCase(),
    argument: text.slice(start, end),
    clean: plain || !UNCLEAN.test(text),
  }
}

function isBlank(unit: number): boolean {
  return unit === 32 || unit === 9
}

// Which fields a signature names in `h=` (RFC 6376 §5.4, §5.4.1, §8.15): those that say something to people and programs, each as often as it is
// there, and some once more, so that nobody can add a second one.
import { optionError } from '../../base/errors.ts'
import type { FieldPicker } from './canonical-header.ts'

/** In the order in which they are named. */
export const DEFAULT_SIGNED: readonly string[] = [
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-id',
  'content-description',
  'resent-date',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
  'resent-message-id',
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
]

export const DEFAULT_OVERSIGNED: readonly string[] = [
  'from',
  'reply-to',
  'to',
  'cc',
  'subject',
  'date',
  'content-type',
]

/** The names of `h=` for this message. */
export function signedNames(
  picker: FieldPicker,
  wanted: readonly string[],
  oversigned: readonly string[],
): string[] {
  const names: string[] = []
  for (const name of wanted) for (let i = picker.count(name); i > 0; i--) names.push(name)
  for (const name of oversigned) {
    // What is not wanted, but must not be added, is named as often as it is there, too: else the addition would be the unsigned one.
    if (!wanted.includes(name)) for (let i = picker.count(name); i > 0; i--) names.push(name)
    names.push(name)
  }
  return names
}

/** A list of field names as an option gives it, in lower case, each once. Throws ECONFIG. */
export function fieldNames(value: unknown, option: string): string[] {
  if (!Array.isArray(value)) throw optionError(option, 'an array of field names', value)
  const names = new Set<string>()
  for (const name of value as unknown[]) {
    // ftext = %d33-57 / %d59-126 (RFC 5322 §3.6.8); ";" would end the tag.
    if (typeof name !== 'string' || !/^[!-9<-~]+$/.test(name)) throw optionError(option, 'field names', name)
    names.add(name.toLowerCase())
  }
  return [...names]
}

/** `h=` with its names and its semicolon, cut into lines. */
export function foldNames(names: readonly string[]): string[] {
  const lines: string[] = []
  let line = 'h='
  for (let i = 0; i < names.length; i++) {
    const piece = names[i]! + (i === names.length - 1 ? ';' : ':')
    if (line.length + piece.length > 75 && i > 0) {
      lines.push(line)
      line = ''
    }
    line += piece
  }
  lines.push(line)
  return lines
}

/** Base64 cut into lines, behind what already stands on the first one. */
export function foldBase64(start: string, text: string): string {
  let out = start
  let room = 76 - start.length
  for (let at = 0; at < text.length; at += room, room = 75) {
    if (at > 0) {
      out += '\r\n '
      room = 75
    }
    out += text.slice(at, at + room)
  }
  return out
}

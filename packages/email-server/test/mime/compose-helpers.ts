// What the tests of composeMessage share: a fixed clock and dice, and plain views of what was written.
import type { ComposeContext, ComposedMessage, MessageOptions } from '../../src/mime/index.ts'
import { composeMessage } from '../../src/mime/index.ts'

/** 2026-11-23T12:00:00Z, and bytes that count up: the same message every time. */
export function fixed(): Required<ComposeContext> {
  let next = 0
  return {
    now: () => Date.UTC(2026, 10, 23, 12),
    random: length => Uint8Array.from({ length }, () => next++ & 0xff),
  }
}

export function compose(options: MessageOptions): ComposedMessage {
  return composeMessage(options, fixed())
}

/** The message as text, one character a byte. */
export function written(options: MessageOptions): string {
  return Buffer.from(compose(options).bytesSync()).toString('latin1')
}

/** The message as UTF-8 text. */
export function writtenUtf8(options: MessageOptions): string {
  return Buffer.from(compose(options).bytesSync()).toString('utf8')
}

/** The message's own header, unfolded or not: the raw lines of one field, its name left out; null without it. */
export function field(message: string, name: string): string | null {
  const header = message.slice(0, message.indexOf('\r\n\r\n') + 2)
  const found = new RegExp(`^${name}:((?:[^\\r]|\\r\\n[ \\t])*)\\r\\n`, 'im').exec(header)
  return found ? found[1]!.trim() : null
}

/** All lines of all fields of that name in the message's own header. */
export function fields(message: string, name: string): string[] {
  const header = message.slice(0, message.indexOf('\r\n\r\n') + 2)
  return [...header.matchAll(new RegExp(`^${name}:((?:[^\\r]|\\r\\n[ \\t])*)\\r\\n`, 'gim'))].map(found =>
    found[1]!.trim(),
  )
}

/** What stands behind the message's header. */
export function body(message: string): string {
  return message.slice(message.indexOf('\r\n\r\n') + 4)
}

export const basics: MessageOptions = { from: 'ann@example.com', to: 'bob@example.net', subject: 'Hi' }

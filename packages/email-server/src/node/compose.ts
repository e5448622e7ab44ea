// composeMessage with the clock of this machine.
import { type ComposedMessage, composeMessage as compose, type MessageOptions } from '../mime/index.ts'
import { nodeRuntime } from './runtime.ts'

/**
 * An Internet message from nodemailer's message options, dated now when they have no `date`.
 *
 *     const message = composeMessage({ from, to, subject, text, html, attachments })
 *     message.bytesSync()      // contents in memory: the message at once
 *     await message.bytes()    // contents may be streams
 *     message.stream()         // as an async iterable; `message.size` is known before
 *     message.envelope         // { from, to }, with Bcc, which the message never has
 *
 * Throws EMESSAGE for what no message can hold (CR, LF or NUL in header text) and ECONFIG for options of the wrong kind;
 * both name the option.
 */
export function composeMessage(options: MessageOptions): ComposedMessage {
  return compose(options, nodeRuntime)
}

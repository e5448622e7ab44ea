// What the session reads in each state: how long a line may be, and how long it may take.
import type { Limits } from '../../base/limits.ts'
import type { StateKind } from '../state.ts'
import { type Reply, reply } from '../wire/reply.ts'

export interface Mode {
  readonly reader: 'command' | 'sasl' | 'content' | 'none'
  /** Octets that may wait for their end: of a line with its CRLF; of a message, which is thrown away beyond it. */
  byteLimit(limits: Limits): number
  /** Time for one line from the end of the one before, or for the message, ms. */
  time(limits: Limits): number
}

const command: Mode = {
  reader: 'command',
  // what AUTH needs is known only when its line is there; each command has its own limit besides
  byteLimit: limits => Math.max(limits.smtpCommandLine, limits.authLine),
  time: limits => limits.smtpIdle,
}
const content: Mode = {
  reader: 'content',
  byteLimit: limits => 2 * limits.messageSize,
  time: limits => limits.smtpDataTime,
}
const nothing: Mode = { reader: 'none', byteLimit: () => 0, time: limits => limits.handshakeTime }

export const MODES: Readonly<Record<StateKind, Mode>> = {
  silent: nothing,
  fresh: command,
  ready: command,
  envelope: command,
  chunks: command,
  sasl: { reader: 'sasl', byteLimit: limits => limits.authLine, time: limits => limits.commandTime },
  content,
  chunk: content,
  upgrading: nothing,
  closed: nothing,
}

export const TOO_LONG_LINE: Reply = reply(500, '5.5.2', 'Line too long')
export const TOO_LONG_AUTH: Reply = reply(500, '5.5.6', 'Authentication exchange line is too long')

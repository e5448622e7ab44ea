// The head of a command, its tag and its name, and whether such a command may run now. It is read twice when a literal
// is announced: then before the literal is welcome, and again when the command is whole.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { NamedCommand, Reply, SessionFacts } from '../extension.ts'
import type { Registry } from '../registry.ts'
import type { StateKind } from '../state.ts'
import { isAll, TAG_CHAR } from '../wire/chars.ts'
import type { Announcement } from '../wire/framer.ts'
import type { Reader } from '../wire/reader.ts'

export interface Head {
  /** `*` when the client gave none. */
  readonly tag: string
  readonly command: NamedCommand | null
  /** Why it can't run. */
  readonly refusal: Reply | null
}

const LONGEST_TAG = 128

// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
// tag = 1*<any ASTRING-CHAR except "+">
export function readHead(r: Reader, registry: Registry, facts: SessionFacts): Head {
  let tag = '*'
  try {
    const found = r.run(TAG_CHAR, 'a tag')
    if (found.length > LONGEST_TAG) r.fail('a shorter tag')
    r.sp()
    tag = found
    let name = r.name()
    if (name === 'UID') name = `UID ${r.sp().name()}`
    const next = r.peek()
    if (next !== 0x20 && next !== -1) r.fail('a space')
    const command = registry.command(name, facts)
    if (!command) return { tag, command: null, refusal: { status: 'BAD', text: 'There is no such command' } }
    return { tag, command, refusal: refusalOf(command, facts) }
  } catch (error) {
    if (!(error instanceof PeerSyntaxError)) throw error
    return { tag, command: null, refusal: { status: 'BAD', text: `Expected a command: ${error.message}` } }
  }
}

function refusalOf({ spec, byUid }: NamedCommand, facts: SessionFacts): Reply | null {
  if (!spec.states.includes(facts.state))
    return { status: 'BAD', text: whenAllowed(spec.states, facts.state) }
  // RFC 9586 §3.2, §3.8
  if (spec.usesSequenceNumbers && !byUid && facts.dialect.uidOnly)
    return {
      status: 'BAD',
      code: 'UIDREQUIRED',
      text: `UID ${spec.name} is the command once UIDONLY is enabled`,
    }
  if (spec.handlers && !spec.handlers.every(name => facts.handles(name))) {
    return { status: 'NO', code: 'CANNOT', text: 'This server does not do that' }
  }
  return null
}

function whenAllowed(states: readonly StateKind[], state: StateKind): string {
  if (state === 'notAuthenticated') return 'Log in first'
  return states.includes('selected') ? 'Select a mailbox first' : 'That has its place before login'
}

export interface LiteralCase {
  readonly literal: Announcement
  /** Literals of the command before this one, and their octets. */
  readonly count: number
  readonly octets: number
  /** Octets of the command's first line. */
  readonly line: number
}

/** Why this literal is not welcome, null when it is. */
export function literalRefusal(
  { command, refusal }: Head,
  { literal, count, octets, line }: LiteralCase,
  limits: Limits,
  loggedIn: boolean,
): Reply | null {
  if (refusal) return refusal
  const policy = command!.spec.literals
  if (policy === 'none') return { status: 'BAD', text: 'No literal belongs here' }
  if (count >= limits.imapLiterals) return { status: 'BAD', text: 'Too many literals' }
  if (!loggedIn) {
    const all = line + octets + literal.size
    if (literal.size > limits.imapLiteralBeforeLogin || all > limits.imapCommandBeforeLogin) {
      return { status: 'BAD', code: 'TOOBIG', text: 'The literal is too large before login' }
    }
  }
  if (policy === 'message') {
    if (
      literal.size > limits.messageSize ||
      octets + literal.size > limits.messageSize + limits.imapLiteral
    ) {
      return { status: 'NO', code: 'TOOBIG', text: `A message may have ${limits.messageSize} octets` }
    }
  } else if (literal.size > limits.imapLiteral) {
    return { status: 'BAD', code: 'TOOBIG', text: `A literal may have ${limits.imapLiteral} octets here` }
  }
  return null
}

/** How much of an unwelcome non-synchronizing literal is swallowed; of a larger one the connection is closed. */
export function swallowLimit({ command }: Head, limits: Limits, loggedIn: boolean): number {
  if (!loggedIn) return limits.imapCommandBeforeLogin
  return command?.spec.literals === 'message' ? 2 * limits.messageSize : limits.imapLiteral * 4
}

/** The name of a command for its reply: `UID FETCH`. */
export function commandName({ spec, byUid }: NamedCommand): string {
  return byUid ? `UID ${spec.name}` : spec.name
}

/** The tag that a line begins with, for a reply to a line that was too long; `*` when there is none. */
export function tagOf(line: string): string {
  const space = line.indexOf(' ')
  const tag = space > 0 && space <= LONGEST_TAG ? line.slice(0, space) : ''
  return isAll(tag, TAG_CHAR) ? tag : '*'
}

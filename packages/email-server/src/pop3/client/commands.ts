// The commands of the client (RFC 1939 §5, §7; RFC 2449 §5; RFC 2595 §4): what is said, and what is made of the answer.
import { usageError } from '../../base/errors.ts'
import type { MessageStream, WholeBody } from './bodies.ts'
import type { Answer, Command } from './dialogue.ts'
import {
  type ListEntry,
  nonsense,
  readCapabilities,
  readListEntry,
  readNumbers,
  readUidlEntry,
  type UidlEntry,
} from './replies.ts'

export type Say = (command: Command) => Promise<Answer>

export interface MaildropTotal {
  readonly count: number
  /** Octets. */
  readonly size: number
}

/** A whole number for a command line. Throws `EUSAGE` for anything else. */
function number(value: unknown, least = 1): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw usageError(`a whole number from ${least} on is wanted, not ${String(value)}`)
  }
  return value as number
}

/** @param first before everything that waits: what can be done depends on it */
export async function capa(say: Say, first = false): Promise<Map<string, string>> {
  const { lines } = await say({
    name: 'CAPA',
    line: 'CAPA',
    refused: 'EPROTOCOL',
    body: 'lines',
    alone: first,
    urgent: first,
  })
  return readCapabilities(lines)
}

export async function stls(say: Say): Promise<void> {
  await say({ name: 'STLS', line: 'STLS', refused: 'ETLS', alone: true, upgrades: true })
}

export async function stat(say: Say): Promise<MaildropTotal> {
  const { status } = await say({ name: 'STAT', line: 'STAT', refused: 'EPROTOCOL' })
  const numbers = readNumbers(status.text, 2)
  if (!numbers) throw nonsense('STAT', status.line)
  return { count: numbers[0]!, size: numbers[1]! }
}

/** A command that lists something of every message, or of one. */
export interface Listing<T> {
  all(say: Say): Promise<T[]>
  one(say: Say, index: unknown): Promise<T>
}

function listing<T extends { readonly index: number }>(
  name: string,
  read: (line: string) => T | null,
): Listing<T> {
  return {
    async all(say) {
      const { lines } = await say({ name, line: name, refused: 'EPROTOCOL', body: 'lines' })
      return lines.map(line => {
        const entry = read(line)
        if (!entry) throw nonsense(name, line)
        return entry
      })
    },
    async one(say, index) {
      const { status } = await say({ name, line: `${name} ${number(index)}`, refused: 'EMESSAGE' })
      const entry = read(status.text)
      if (!entry || entry.index !== index) throw nonsense(name, status.line)
      return entry
    },
  }
}

export const list: Listing<ListEntry> = listing('LIST', readListEntry)
export const uidl: Listing<UidlEntry> = listing('UIDL', readUidlEntry)

export async function retr(say: Say, index: unknown, body: WholeBody): Promise<Uint8Array> {
  await say({ name: 'RETR', line: `RETR ${number(index)}`, refused: 'EMESSAGE', body })
  return body.bytes
}

/** Resolves when the body begins. */
export function retrStream(say: Say, index: unknown, body: MessageStream): Promise<MessageStream> {
  return new Promise((resolve, reject) => {
    const begun = (): void => resolve(body)
    say({ name: 'RETR', line: `RETR ${number(index)}`, refused: 'EMESSAGE', body, begun }).catch(reject)
  })
}

export async function top(say: Say, index: unknown, lines: unknown, body: WholeBody): Promise<Uint8Array> {
  const line = `TOP ${number(index)} ${number(lines, 0)}`
  await say({ name: 'TOP', line, refused: 'EMESSAGE', body })
  return body.bytes
}

export async function dele(say: Say, index: unknown): Promise<void> {
  await say({ name: 'DELE', line: `DELE ${number(index)}`, refused: 'EMESSAGE' })
}

export async function rset(say: Say): Promise<void> {
  await say({ name: 'RSET', line: 'RSET', refused: 'EPROTOCOL' })
}

export async function noop(say: Say): Promise<void> {
  await say({ name: 'NOOP', line: 'NOOP', refused: 'EPROTOCOL' })
}

export async function quit(say: Say): Promise<void> {
  await say({ name: 'QUIT', line: 'QUIT', refused: 'EMESSAGE', alone: true })
}

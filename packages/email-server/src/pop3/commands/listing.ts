// STAT, LIST (RFC 1939 §5) and UIDL (§7).
import { readNothing, readNumbers } from '../grammar/command.ts'
import type { Maildrop, MaildropMessage } from '../maildrop.ts'
import type { CommandContext, CommandSpec } from '../registry.ts'

/** Lines written before the peer is looked at again. */
const BATCH = 1000

export const stat: CommandSpec = {
  name: 'STAT',
  state: 'transaction',
  run(cx, rest, { maildrop }) {
    readNothing(rest)
    const { count, octets } = maildrop.total()
    cx.ok(`${count} ${octets}`)
  },
}

export const list: CommandSpec = {
  name: 'LIST',
  state: 'transaction',
  run: (cx, rest, { maildrop }) => listing(cx, rest, maildrop, message => String(message.size)),
}

export const uidl: CommandSpec = {
  name: 'UIDL',
  state: 'transaction',
  capabilities: () => ['UIDL'],
  // RFC 1939 §7: the same in every session, never used again: UIDVALIDITY and UID are just that
  run: (cx, rest, { maildrop }) =>
    listing(cx, rest, maildrop, message => `${maildrop.uidValidity}.${message.uid}`),
}

/** With a number, one line; without, one for each message that is not marked. */
function listing(
  cx: CommandContext,
  rest: string,
  maildrop: Maildrop,
  say: (message: MaildropMessage) => string,
): void | Promise<void> {
  const [number] = readNumbers(rest, 0, 1)
  if (number === undefined) return everything(cx, maildrop, say)
  const message = maildrop.get(number)
  if (message) cx.ok(`${number} ${say(message)}`)
  else cx.err('No such message')
}

async function everything(
  cx: CommandContext,
  maildrop: Maildrop,
  say: (message: MaildropMessage) => string,
): Promise<void> {
  const { count, octets } = maildrop.total()
  cx.ok(`${count} messages (${octets} octets)`)
  for (let first = 1; first <= maildrop.highest; first += BATCH) {
    const wait = cx.output.ready()
    if (wait) await wait
    if (cx.closed) return
    let lines = ''
    const last = Math.min(maildrop.highest, first + BATCH - 1)
    for (let number = first; number <= last; number++) {
      const message = maildrop.get(number)
      if (message) lines += `${number} ${say(message)}\r\n`
    }
    cx.output.write(lines)
  }
  cx.output.write('.\r\n')
}

/** The message that a number names; null (and answered) when there is none. */
export function messageOf(cx: CommandContext, maildrop: Maildrop, number: number): MaildropMessage | null {
  const message = maildrop.get(number)
  if (!message) cx.err('No such message')
  return message
}

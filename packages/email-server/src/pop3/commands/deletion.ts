// DELE and RSET (RFC 1939 §5): marks, nothing more; QUIT removes.
import { readNothing, readNumbers } from '../grammar/command.ts'
import type { CommandSpec } from '../registry.ts'
import { messageOf } from './listing.ts'

export const dele: CommandSpec = {
  name: 'DELE',
  state: 'transaction',
  run(cx, rest, { maildrop }) {
    const [number] = readNumbers(rest, 1, 1)
    const message = messageOf(cx, maildrop, number!)
    if (!message) return
    if (maildrop.readOnly) return cx.err('Nothing can be deleted here', 'SYS/PERM')
    maildrop.delete(number!)
    cx.ok(`Message ${number} deleted`)
  },
}

export const rset: CommandSpec = {
  name: 'RSET',
  state: 'transaction',
  run(cx, rest, { maildrop }) {
    readNothing(rest)
    maildrop.undelete()
    const { count, octets } = maildrop.total()
    cx.ok(`Maildrop has ${count} messages (${octets} octets)`)
  },
}

// QUIT (RFC 1939 §4, §6) and NOOP (§5).
import { Refusal } from '../../base/errors.ts'
import { readNothing } from '../grammar/command.ts'
import type { CommandSpec } from '../registry.ts'

export const noop: CommandSpec = {
  name: 'NOOP',
  state: 'transaction',
  run(cx, rest) {
    readNothing(rest)
    cx.ok('Nothing done')
  },
}

export const quit: CommandSpec = {
  name: 'QUIT',
  state: 'any',
  async run(cx, rest, state) {
    readNothing(rest)
    if (state.kind === 'transaction') {
      const { mailbox, maildrop } = state
      const doomed = maildrop.deleted()
      cx.enter({ kind: 'update' })
      if (doomed.length > 0) {
        try {
          await mailbox.ask('expunge', [doomed], {})
        } catch (error) {
          if (cx.closed) return
          if (!(error instanceof Refusal)) cx.failed('removing messages', error)
          cx.err('Some deleted messages may not have been removed', 'SYS/TEMP')
          cx.end()
          return
        }
      }
    }
    if (cx.closed) return
    cx.ok('Goodbye')
    cx.end()
  },
}

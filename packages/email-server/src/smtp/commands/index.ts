// The commands of the base protocol.
import type { CommandSpec } from '../registry.ts'
import { data } from './data.ts'
import { foreign } from './foreign.ts'
import { ehlo, helo, lhlo } from './hello.ts'
import { mail } from './mail.ts'
import { rcpt } from './rcpt.ts'
import { expn, help, noop, quit, rset, vrfy } from './session.ts'

export const COMMANDS: readonly CommandSpec[] = [
  ehlo,
  helo,
  lhlo,
  mail,
  rcpt,
  data,
  rset,
  noop,
  vrfy,
  expn,
  help,
  quit,
  ...foreign,
]

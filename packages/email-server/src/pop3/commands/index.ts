import type { CommandSpec } from '../registry.ts'
import { apop } from './apop.ts'
import { capa } from './capa.ts'
import { dele, rset } from './deletion.ts'
import { lang, utf8Mode } from './international.ts'
import { list, stat, uidl } from './listing.ts'
import { noop, quit } from './quit.ts'
import { retr, top } from './retrieval.ts'
import { auth, pass, user } from './sign-in.ts'
import { stls } from './stls.ts'

/** Every command of the server, in the order in which CAPA speaks of them. */
export const COMMANDS: readonly CommandSpec[] = [
  capa,
  stls,
  user,
  pass,
  apop,
  auth,
  utf8Mode,
  lang,
  stat,
  list,
  uidl,
  retr,
  top,
  dele,
  rset,
  noop,
  quit,
]

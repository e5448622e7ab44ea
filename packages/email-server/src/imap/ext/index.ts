// The one list of what the server speaks. An extension is its file and its line here.
import { late } from '../../base/late.ts'
import { imap4rev1 } from '../commands/index.ts'
import type { Extension } from '../extension.ts'
import { Registry } from '../registry.ts'
import { acl } from './acl.ts'
import { appendlimit } from './appendlimit.ts'
import { binary } from './binary.ts'
import { catenate } from './catenate.ts'
import { children } from './children.ts'
import { compress } from './compress.ts'
import { condstore } from './condstore.ts'
import { contextSearch } from './context-search.ts'
import { createSpecialUse } from './create-special-use.ts'
import { enable } from './enable.ts'
import { esearch } from './esearch.ts'
import { id } from './id.ts'
import { idle } from './idle.ts'
import { imap4rev2 } from './imap4rev2.ts'
import { inprogress } from './inprogress.ts'
import { jmapaccess } from './jmapaccess.ts'
import { listExtended } from './list-extended.ts'
import { listMyrights } from './list-myrights.ts'
import { listStatus } from './list-status.ts'
import { literal } from './literal.ts'
import { messagelimit } from './messagelimit.ts'
import { metadata } from './metadata.ts'
import { move } from './move.ts'
import { multiappend } from './multiappend.ts'
import { namespace } from './namespace.ts'
import { notify } from './notify.ts'
import { objectid } from './objectid.ts'
import { partial } from './partial.ts'
import { preview } from './preview.ts'
import { qresync } from './qresync.ts'
import { quota } from './quota.ts'
import { replace } from './replace.ts'
import { saslIr } from './sasl-ir.ts'
import { savedate } from './savedate.ts'
import { searchres } from './searchres.ts'
import { sort } from './sort.ts'
import { specialUse } from './special-use.ts'
import { starttls } from './starttls.ts'
import { statusSize } from './status-size.ts'
import { thread } from './thread.ts'
import { uidbatches } from './uidbatches.ts'
import { uidonly } from './uidonly.ts'
import { uidplus } from './uidplus.ts'
import { unselect } from './unselect.ts'
import { utf8Accept } from './utf8-accept.ts'
import { within } from './within.ts'

export const EXTENSIONS: readonly Extension[] = [
  imap4rev1,
  imap4rev2,
  literal,
  saslIr,
  starttls,
  id,
  enable,
  idle,
  namespace,
  children,
  specialUse,
  listExtended,
  listStatus,
  uidplus,
  unselect,
  move,
  esearch,
  searchres,
  partial,
  contextSearch,
  sort,
  thread,
  within,
  statusSize,
  condstore,
  qresync,
  binary,
  preview,
  savedate,
  objectid,
  appendlimit,
  multiappend,
  catenate,
  replace,
  utf8Accept,
  quota,
  metadata,
  acl,
  listMyrights,
  createSpecialUse,
  notify,
  uidonly,
  uidbatches,
  messagelimit,
  inprogress,
  jmapaccess,
  compress,
]

export const registry: () => Registry = late(() => new Registry(EXTENSIONS))

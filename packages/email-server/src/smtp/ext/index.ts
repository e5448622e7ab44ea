// The only list of extensions; its order is that of the EHLO reply.
import type { SmtpExtension } from '../registry.ts'
import { enhancedStatusCodes, pipelining } from './announced.ts'
import { auth } from './auth.ts'
import { binaryMime, chunking } from './chunking.ts'
import { deliverBy } from './deliver-by.ts'
import { dsn } from './dsn.ts'
import { eightBitMime } from './eight-bit-mime.ts'
import { futureRelease } from './future-release.ts'
import { limits } from './limits.ts'
import { mtPriority } from './mt-priority.ts'
import { requireTls } from './require-tls.ts'
import { size } from './size.ts'
import { smtputf8 } from './smtputf8.ts'
import { starttls } from './starttls.ts'
import { xclient } from './xclient.ts'

export const EXTENSIONS: readonly SmtpExtension[] = [
  pipelining,
  size,
  starttls,
  auth,
  enhancedStatusCodes,
  eightBitMime,
  chunking,
  binaryMime,
  requireTls,
  futureRelease,
  deliverBy,
  mtPriority,
  limits,
  smtputf8,
  dsn,
  xclient,
]

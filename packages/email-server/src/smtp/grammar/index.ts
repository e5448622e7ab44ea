// Every production that is read and written; the inverse law is tested over this list.
import { bdatArgument } from './bdat.ts'
import { deliverByValue } from './deliver-by.ts'
import { esmtpParams } from './esmtp-params.ts'
import { holdForValue, holdUntilValue } from './future-release.ts'
import type { Grammar } from './grammar.ts'
import { notifyValue } from './notify.ts'
import { originalRecipient } from './original-recipient.ts'
import { priorityValue } from './priority.ts'
import { sizeValue } from './size-value.ts'
import { xtext } from './xtext.ts'

export const GRAMMARS: readonly Grammar<unknown>[] = [
  bdatArgument as Grammar<unknown>,
  deliverByValue as Grammar<unknown>,
  esmtpParams as Grammar<unknown>,
  holdForValue as Grammar<unknown>,
  holdUntilValue as Grammar<unknown>,
  notifyValue as Grammar<unknown>,
  originalRecipient as Grammar<unknown>,
  priorityValue as Grammar<unknown>,
  sizeValue as Grammar<unknown>,
  xtext as Grammar<unknown>,
]

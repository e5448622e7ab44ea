// Every production that is read and written; the inverse law is tested over this list.
import { esmtpParams } from './esmtp-params.ts'
import type { Grammar } from './grammar.ts'
import { notifyValue } from './notify.ts'
import { originalRecipient } from './original-recipient.ts'
import { sizeValue } from './size-value.ts'
import { xtext } from './xtext.ts'

export const GRAMMARS: readonly Grammar<unknown>[] = [
  esmtpParams as Grammar<unknown>,
  notifyValue as Grammar<unknown>,
  originalRecipient as Grammar<unknown>,
  sizeValue as Grammar<unknown>,
  xtext as Grammar<unknown>,
]

// The mailboxes that nearly all address fields consist of, read at once: `joe@a.example`, `Joe Doe <joe@a.example>`,
// `"Doe, Joe" <joe@a.example>`, in US-ASCII and without comments (RFC 5322 §3.4). All others are left to the reader of lists, whose
// result for these is the same.

import { late } from '../base/late.ts'
import type { ListMailbox } from './types.ts'

export interface UsualMailbox {
  readonly mailbox: ListMailbox
  /** Where the separator stands, or the text ends. */
  readonly end: number
}

/** The mailbox that begins at `at` and goes up to a separator, or null when it is not one of those. */
export function readUsualMailbox(text: string, at: number): UsualMailbox | null {
  const usual = USUAL()
  usual.lastIndex = at
  const found = usual.exec(text)
  if (found === null) return null
  const local = found[3] ?? found[5]!
  const domain = found[4] ?? found[6]!
  const name = found[1] ?? found[2] ?? null
  return {
    mailbox: { kind: 'mailbox', name, route: null, local, domain, regular: true },
    end: usual.lastIndex,
  }
}

// Each repeated class leaves out what may follow it, so that nothing is tried twice. Question marks are for names only: an encoded word is
// no part of an address.
const USUAL: () => RegExp = late(() => {
  const atom = "[A-Za-z0-9!#$%&'*+\\-/=^_`{|}~]+"
  const address = `(${atom}(?:\\.${atom})*)@(${atom}(?:\\.${atom})*)`
  const word = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~]+"
  const name = `(?:"([^"\\\\\\r\\n]*)"|(${word}(?: ${word})*))`
  return new RegExp(`[ \\t]*(?:(?:${name}[ \\t]*)?<${address}>|${address})[ \\t]*(?=[,;]|$)`, 'y')
})

// The states of a session with what each carries, and the only table of their transitions (RFC 3501 §3).
import { usageError } from '../base/errors.ts'
import type { MailboxSession } from '../mailbox/index.ts'
import type { SelectedFolder } from './selected.ts'

export type State =
  | { readonly kind: 'notAuthenticated' }
  | { readonly kind: 'authenticated'; readonly mailbox: MailboxSession }
  | { readonly kind: 'selected'; readonly mailbox: MailboxSession; readonly folder: SelectedFolder }
  | { readonly kind: 'logout' }

export type StateKind = State['kind']

export const TRANSITIONS: Readonly<Record<StateKind, readonly StateKind[]>> = {
  notAuthenticated: ['authenticated', 'logout'],
  authenticated: ['selected', 'logout'],
  // SELECT of another folder goes through `authenticated`: a failure leaves no folder open (RFC 3501 §6.3.1)
  selected: ['authenticated', 'logout'],
  logout: [],
}

/** The next state, if the table allows it. */
export function transition(from: State, to: State): State {
  if (!TRANSITIONS[from.kind].includes(to.kind)) {
    throw usageError(`an IMAP session can't go from ${from.kind} to ${to.kind}`)
  }
  return to
}

export const ANY_STATE: readonly StateKind[] = ['notAuthenticated', 'authenticated', 'selected']
export const LOGGED_IN: readonly StateKind[] = ['authenticated', 'selected']

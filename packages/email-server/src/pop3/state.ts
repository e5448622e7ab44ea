// The states of a POP3 session (RFC 1939 §3) and what they carry.
import type { MailboxSession } from '../mailbox/index.ts'
import type { Maildrop } from './maildrop.ts'

export interface Authorization {
  readonly kind: 'authorization'
  /** What USER has named, until the next attempt. */
  readonly username: string | null
}

export interface Transaction {
  readonly kind: 'transaction'
  readonly mailbox: MailboxSession
  readonly maildrop: Maildrop
}

/** QUIT was said; the messages marked as deleted are being removed. */
export interface Update {
  readonly kind: 'update'
}

export type State = Authorization | Transaction | Update

/** Where each state may lead. A session ends from any of them. */
export const TRANSITIONS: Readonly<Record<State['kind'], readonly State['kind'][]>> = {
  authorization: ['authorization', 'transaction'],
  transaction: ['update'],
  update: [],
}

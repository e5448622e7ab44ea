// POP3Session: the name under which both sides of POP3 are made.

import type { ClientSessionOptions } from '../base/client-session.ts'
import { type TwoSided, twoSided } from '../base/two-sided.ts'
import { Pop3ClientSession } from './client/session.ts'
import type { Pop3ServerOptions } from './server/options.ts'
import { Pop3ServerSession } from './server/session.ts'

/**
 * `new POP3Session({ isServer: false, … })` is the client (`Pop3ClientSession`), with any other options it is the server
 * (`Pop3ServerSession`).
 */
export const POP3Session: TwoSided<
  Pop3ServerOptions,
  Pop3ServerSession,
  ClientSessionOptions,
  Pop3ClientSession
> = twoSided(Pop3ServerSession, Pop3ClientSession)
/** The server side, which handlers are given. */
export type POP3Session = Pop3ServerSession

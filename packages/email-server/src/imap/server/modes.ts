// What the session reads at each moment, how much of it, and for how long: no mode is without its limits.
import type { Limits } from '../../base/limits.ts'

export type Mode =
  /** Between commands. */
  | 'waiting'
  /** A command has begun and is not whole. */
  | 'receiving'
  /** A literal is on its way. */
  | 'upload'
  /** A command runs: what comes meanwhile waits. */
  | 'running'
  /** A command's own dialogue. */
  | 'sasl'
  | 'idle'
  /** The transport is being changed; what comes meanwhile is thrown away. */
  | 'upgrade'
  | 'closed'

export interface ModeRule {
  readonly reads: 'frames' | 'lines' | 'nothing'
  /** Octets of a command outside its literals, or of a line. */
  limit(limits: Limits, loggedIn: boolean): number
  /** How long the mode may last, ms; null: it is timed elsewhere (handlers have their own deadline). */
  time(limits: Limits): number | null
}

const command = (limits: Limits, loggedIn: boolean): number =>
  loggedIn ? limits.imapCommandLine : Math.min(limits.imapCommandLine, limits.imapCommandBeforeLogin)

export const MODES: Readonly<Record<Mode, ModeRule>> = {
  waiting: { reads: 'frames', limit: command, time: limits => limits.imapIdle },
  receiving: { reads: 'frames', limit: command, time: limits => limits.commandTime },
  upload: { reads: 'frames', limit: command, time: limits => limits.imapUploadTime },
  running: { reads: 'nothing', limit: () => 0, time: () => null },
  sasl: { reads: 'lines', limit: limits => limits.authLine, time: limits => limits.commandTime },
  idle: { reads: 'lines', limit: () => 64, time: limits => limits.imapIdle },
  upgrade: { reads: 'nothing', limit: () => 0, time: limits => limits.handshakeTime },
  closed: { reads: 'nothing', limit: () => 0, time: () => null },
}

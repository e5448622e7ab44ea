// What the session reads at each moment, how long a line of it may be, and how long it waits.
import type { LimitName } from '../../base/limits.ts'

export type Mode = 'command' | 'dialogue' | 'busy' | 'tls' | 'closed'

/** `line`: octets of a line. `idle`: from the moment that we wait. `time`: from the first octet of a line. */
export interface ModeLimits {
  readonly line: LimitName
  readonly idle: LimitName
  readonly time: LimitName
}

/** Null: nothing is read, and what ends the wait has a deadline of its own (handlers, the handshake, the peer's reading). */
export const MODES: Readonly<Record<Mode, ModeLimits | null>> = {
  command: { line: 'pop3CommandLine', idle: 'pop3Idle', time: 'commandTime' },
  // RFC 5034 §4: the lines of a SASL exchange are not held to the length of commands
  dialogue: { line: 'authLine', idle: 'commandTime', time: 'commandTime' },
  busy: null,
  tls: null,
  closed: null,
}

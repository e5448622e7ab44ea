// The value of MT-PRIORITY (RFC 6710 §7).
//
//   priority-value = (["-"] NZDIGIT) / "0" ; Allowed values are from -9 to 9 inclusive
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import type { Grammar } from './grammar.ts'

export const priorityValue: Grammar<number> = {
  name: 'priority-value (RFC 6710 §7)',
  read(text) {
    if (!/^(?:-?[1-9]|0)$/.test(text)) throw new PeerSyntaxError('not a priority')
    return Number(text)
  },
  write(value) {
    if (!Number.isInteger(value) || Math.abs(value) > 9) throw usageError('a priority is from -9 to 9')
    return String(value === 0 ? 0 : value)
  },
  samples: [-9, -1, 0, 1, 9],
}

// The value of NOTIFY (RFC 3461 §4.1).
//
//   notify-esmtp-value  = "NEVER" / 1#notify-list-element
//   notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import type { Notify } from '../envelope.ts'
import type { Grammar } from './grammar.ts'

const ELEMENTS: ReadonlySet<string> = new Set<Notify>(['SUCCESS', 'FAILURE', 'DELAY'])

export const notifyValue: Grammar<readonly Notify[]> = {
  name: 'notify-esmtp-value (RFC 3461 §4.1)',
  read(text) {
    const words = text.toUpperCase().split(',')
    if (words.length === 1 && words[0] === 'NEVER') return ['NEVER']
    for (const word of words) if (!ELEMENTS.has(word)) throw new PeerSyntaxError('not a NOTIFY value')
    return [...new Set(words)] as Notify[]
  },
  write(value) {
    const never = value.includes('NEVER')
    if (value.length === 0 || (never && value.length > 1)) {
      throw usageError('NOTIFY is NEVER, or some of SUCCESS, FAILURE and DELAY')
    }
    for (const word of value) if (!never && !ELEMENTS.has(word)) throw usageError(`NOTIFY knows no ${word}`)
    return value.join(',')
  },
  samples: [['NEVER'], ['SUCCESS'], ['FAILURE', 'DELAY'], ['SUCCESS', 'FAILURE', 'DELAY']],
}

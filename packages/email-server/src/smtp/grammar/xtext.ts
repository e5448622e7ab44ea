// xtext (RFC 3461 §4) as a production: how any text becomes the value of a parameter.
import { PeerSyntaxError } from '../../base/errors.ts'
import { decodeXtext, encodeXtext } from '../../text/index.ts'
import type { Grammar } from './grammar.ts'

export const xtext: Grammar<string> = {
  name: 'xtext (RFC 3461 §4)',
  read(text) {
    const value = decodeXtext(text)
    if (value === null) throw new PeerSyntaxError('not xtext')
    return value
  },
  write: encodeXtext,
  samples: ['', 'QQ314159', 'a+b=c d', 'Zoë <z@x>', '100%'],
}

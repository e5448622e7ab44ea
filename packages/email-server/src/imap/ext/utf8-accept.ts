// UTF8=ACCEPT (RFC 6855): mailbox names, quoted strings and appended messages in UTF-8. Where §4 would have us refuse a message with
// 8-bit header fields while it is not enabled, we take it: old mail has them, and a client that moves its folders must not lose it.

import type { AppendItem, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import type { Literal } from '../wire/framer.ts'

// append-data =/ "UTF8" SP "(" literal8 ")"
export const utf8Message: Grammar<Literal> = {
  read(r) {
    r.open()
    const literal = r.literal()
    if (!literal.binary) r.fail('a literal8')
    r.close()
    return literal
  },
  write: (w, { bytes }) => w.raw('(~').literal(bytes).raw(')'),
  samples: [{ bytes: Buffer.from('Subject: Grüße\r\n\r\n'), binary: true }],
}

const item: AppendItem<Literal> = {
  name: 'UTF8',
  rfc: '6855 §4',
  args: utf8Message,
  gather: (_cx, { bytes }) => Promise.resolve(bytes),
}

export const utf8Accept: Extension = {
  name: 'UTF8=ACCEPT',
  rfc: '6855',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['UTF8=ACCEPT']),
  enables: { utf8: true },
  appendItems: [item as AppendItem],
}

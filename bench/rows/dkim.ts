// DKIM: signing and verifying against the bare signature and one hash pass.
import { work } from '../harness/child.ts'
import type { Contender, Row } from '../harness/row.ts'

type Message = 'Letter' | 'Large' | 'Book'
const SIZES: Readonly<Record<Message, string>> = {
  Letter: '5 KB',
  Large: '1 MB with an attachment',
  Book: '1 MB of prose',
}

function row(what: 'Sign' | 'Verify', key: 'Rsa' | 'Ed25519', message: Message, atLeast: number | null): Row {
  const limit = 'crypto and one hash'
  const contender = (name: string, kind: Contender['kind'], who: string): Contender =>
    work(name, kind, 'msg', '../work/dkim.ts', `${who}${what}${key}${message}`, import.meta.url)
  return {
    name: `dkim-${what}-${key}-${message}`.toLowerCase(),
    task: `${what.toLowerCase()} ${SIZES[message]}, ${key === 'Rsa' ? 'RSA-2048' : 'Ed25519'}, relaxed/relaxed`,
    metrics: ['msg/s', 'CPU µs/msg'],
    contenders: [
      contender('email-server', 'ours', 'ours'),
      contender('mailauth', 'peer', 'mailauth'),
      contender(limit, 'limit', 'limit'),
    ],
    targets: atLeast === null ? [] : [{ metric: 'msg/s', atLeast, timesThatOf: limit }],
  }
}

const everything: Row = {
  name: 'check-rsa-letter',
  task: 'SPF, DKIM, DMARC, ARC and reverse DNS of 5 KB, RSA-2048, all of the DNS at hand',
  metrics: ['msg/s', 'CPU µs/msg'],
  contenders: [
    work('email-server', 'ours', 'msg', '../work/dkim.ts', 'oursCheckRsaLetter', import.meta.url),
    work('its DKIM alone', 'limit', 'msg', '../work/dkim.ts', 'oursVerifyRsaLetter', import.meta.url),
  ],
  targets: [{ metric: 'msg/s', atLeast: 0.5, timesThatOf: 'its DKIM alone' }],
}

export const rows: readonly Row[] = [
  everything,
  row('Sign', 'Rsa', 'Letter', 0.8),
  row('Sign', 'Ed25519', 'Letter', 0.8),
  row('Sign', 'Rsa', 'Large', 0.7),
  row('Sign', 'Ed25519', 'Large', 0.7),
  row('Verify', 'Rsa', 'Letter', 0.5),
  row('Verify', 'Ed25519', 'Letter', 0.5),
  row('Verify', 'Rsa', 'Large', 0.7),
  row('Verify', 'Ed25519', 'Large', 0.7),
  // A space every five characters is the worst for relaxed canonicalisation; mail of this size is no prose.
  row('Sign', 'Rsa', 'Book', null),
  row('Verify', 'Rsa', 'Book', null),
]

// Dominic Sayers' published addresses, each with the category of his validator. What each category means for our two readers:
//
// the strict SMTP reader (readMailbox) takes exactly what RFC 5321 §4.1.2 and its size limits allow:
//   ISEMAIL_VALID_CATEGORY, ISEMAIL_DNSWARN (right, but not in the DNS), ISEMAIL_RFC5321 (quoted local parts, address literals, odd top-level
//   domains: unusual, and right). Everything else is refused: ISEMAIL_CFWS and ISEMAIL_DEPREC are header syntax, ISEMAIL_RFC5322 is right in a
//   header but not in SMTP (too long, or no address literal), ISEMAIL_ERR is wrong everywhere.
// the tolerant header reader (readAddressList) must understand every category but ISEMAIL_ERR as one regular mailbox. Of ISEMAIL_ERR it must make none, with
//   the exceptions listed below, where it reads more than the validator on purpose.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readAddressList, readMailbox } from '../../src/address/index.ts'

interface Case {
  readonly id: string
  readonly address: string
  readonly category: string
  readonly diagnosis: string
}

function load(): readonly Case[] | null {
  const directory = process.env['VECTORS_DIR'] ?? join(process.cwd(), '../shared/vectors')
  let xml: string
  try {
    xml = readFileSync(join(directory, 'address/isemail-tests.xml'), 'utf8')
  } catch {
    return null
  }
  return [...xml.matchAll(/<test id="(\d+)">([\s\S]*?)<\/test>/g)].map(([, id, body]) => ({
    id: id!,
    address: xmlText(/<address>([\s\S]*?)<\/address>/.exec(body!)?.[1] ?? ''),
    category: /<category>ISEMAIL_(.*?)<\/category>/.exec(body!)![1]!,
    diagnosis: /<diagnosis>ISEMAIL_(.*?)<\/diagnosis>/.exec(body!)![1]!,
  }))
}

// The file writes control characters as the symbols for them (U+2400 + code).
function xmlText(text: string): string {
  return text
    .replace(/&#x([0-9a-fA-F]+);/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
    .replace(/[\u2400-\u2420]/g, symbol => String.fromCharCode(symbol.charCodeAt(0) - 0x2400))
}

const STRICTLY_RIGHT = new Set(['VALID_CATEGORY', 'DNSWARN', 'RFC5321'])

// ISEMAIL_ERR that the header reader takes all the same: hyphens at the ends of labels are the business of host names, not of header syntax (RFC 5322 §3.4.1);
// line ends are white space to it, wherever they stand, because it may be given folded text that was cut anyhow.
const TOLERATED = new Set([
  'ERR_DOMAINHYPHENSTART',
  'ERR_DOMAINHYPHENEND',
  'ERR_CR_NO_LF',
  'ERR_FWS_CRLF_END',
  'ERR_FWS_CRLF_X2',
])
// single cases: bare LF as white space (99, 132, 133, 135), and "\©" (160), right since RFC 6532
const TOLERATED_IDS = new Set(['99', '132', '133', '135', '160'])
// RFC 5322 §4.1 lets NUL be quoted; nobody sends it to anything but a parser, so it has no address here
const REFUSED_IDS = new Set(['58'])

const cases = load()
const skip = cases === null ? 'isemail vectors not found (VECTORS_DIR)' : false

test('isemail: the strict SMTP reader takes exactly what RFC 5321 allows', { skip }, () => {
  assert.ok(cases!.length >= 160)
  for (const { id, address, category, diagnosis } of cases!) {
    const result = readMailbox(address)
    const taken = result.ok && result.end === address.length
    assert.equal(taken, STRICTLY_RIGHT.has(category), `${id} ${diagnosis} ${JSON.stringify(address)}`)
  }
})

test('isemail: the strict reader tells addresses that are only too long from malformed ones', {
  skip,
}, () => {
  for (const { address, diagnosis } of cases!) {
    if (!diagnosis.endsWith('TOOLONG') || diagnosis.includes('LABEL')) continue
    const result = readMailbox(address)
    assert.equal(!result.ok && result.fault, 'too-long', address)
  }
})

test('isemail: the header reader understands everything but errors', { skip }, () => {
  for (const { id, address, category, diagnosis } of cases!) {
    const [entry, ...more] = readAddressList(address).entries
    const regular = more.length === 0 && entry?.kind === 'mailbox' && entry.regular && entry.domain !== null
    const tolerated = TOLERATED.has(diagnosis) || TOLERATED_IDS.has(id)
    const expected = (category !== 'ERR' || tolerated) && !REFUSED_IDS.has(id)
    assert.equal(regular, expected, `${id} ${diagnosis} ${JSON.stringify(address)}`)
  }
})

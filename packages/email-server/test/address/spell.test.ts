import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Address,
  addressForAsciiOnlyPeer,
  addressNeedsSmtputf8,
  comparableAddress,
  readAddresses,
  splitAddress,
  writeAddressList,
} from '../../src/address/index.ts'

test('an address is split at the @ that counts', () => {
  assert.deepEqual(splitAddress('user@host'), { local: 'user', domain: 'host' })
  assert.deepEqual(splitAddress('"a@b"@host'), { local: '"a@b"', domain: 'host' })
  assert.deepEqual(splitAddress('user@[tag:a@b]'), { local: 'user', domain: '[tag:a@b]' })
  assert.deepEqual(splitAddress('user'), { local: 'user', domain: '' })
  assert.deepEqual(splitAddress('user@'), { local: 'user', domain: '' })
  assert.deepEqual(splitAddress(''), { local: '', domain: '' })
})

test('addresses are compared with the domain in A-labels and lower case, and the local part as it is', () => {
  const same: readonly (readonly [string, string])[] = [
    ['joe@Example.COM', 'joe@example.com'],
    ['"joe"@example.com', 'joe@example.com'],
    ['"j\\oe"@example.com', 'joe@example.com'],
    ['joe@BÜCHER.example', 'joe@xn--bcher-kva.example'],
    ['joe@example.com.', 'joe@example.com'],
    ['joe@[IPv6:2001:DB8::1]', 'joe@[ipv6:2001:db8::1]'],
  ]
  for (const [a, b] of same) assert.equal(comparableAddress(a), comparableAddress(b))
  assert.notEqual(comparableAddress('Joe@example.com'), comparableAddress('joe@example.com'))
  assert.notEqual(comparableAddress('"a b"@example.com'), comparableAddress('ab@example.com'))
})

test('only a local part beyond ASCII needs SMTPUTF8; a domain has its A-labels', () => {
  assert.equal(addressNeedsSmtputf8('joe@example.com'), false)
  assert.equal(addressNeedsSmtputf8('joe@bücher.example'), false)
  assert.equal(addressNeedsSmtputf8('jörg@example.com'), true)
  assert.equal(addressNeedsSmtputf8('joe@ü..example'), true)
  assert.equal(addressForAsciiOnlyPeer('joe@bücher.example'), 'joe@xn--bcher-kva.example')
  assert.equal(addressForAsciiOnlyPeer('Joe@Example.com'), 'Joe@Example.com')
  assert.equal(addressForAsciiOnlyPeer('jörg@bücher.example'), null)
  assert.equal(addressForAsciiOnlyPeer('joe@ü..example'), null)
})

const write = (list: readonly Address[], utf8 = false): string =>
  writeAddressList(list, { field: 'to', utf8 })

test('names are written bare, quoted or encoded, whichever they need', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'a@x.test'],
    ['Joe Doe', 'Joe Doe <a@x.test>'],
    ['Joe Q. Public', '"Joe Q. Public" <a@x.test>'],
    ['Doe, Joe "J"', '"Doe, Joe \\"J\\"" <a@x.test>'],
    [' Joe', '" Joe" <a@x.test>'],
    ['Joe  Doe', '"Joe  Doe" <a@x.test>'],
    ['a@y.test', '"a@y.test" <a@x.test>'],
    ['=?utf-8?Q?x?=', '=?UTF-8?B?PT91dGYtOD9RP3g/PQ==?= <a@x.test>'],
    ['日本', '=?UTF-8?B?5pel5pys?= <a@x.test>'],
  ]
  for (const [name, expected] of cases) assert.equal(write([{ name, address: 'a@x.test' }]), expected)
  assert.equal(
    write([{ name: '日 本', address: 'ö@ü.test' }], true),
    '"日 本" <ö@ü.test>'.replaceAll('"', ''),
  )
  assert.equal(write([{ name: 'Ü, a', address: 'a@x.test' }], true), '"Ü, a" <a@x.test>')
})

test('groups, lists and domains', () => {
  assert.equal(
    write([
      {
        name: 'G',
        address: '',
        group: [
          { name: '', address: 'a@x.test' },
          { name: 'B', address: 'b@x.test' },
        ],
      },
      { name: '', address: '"a b"@bücher.example' },
      { name: 'Nobody', address: '', group: [] },
      { name: '', address: 'a@[192.0.2.1]' },
    ]),
    'G: a@x.test, B <b@x.test>;, "a b"@xn--bcher-kva.example, Nobody:;, a@[192.0.2.1]',
  )
})

test('what would break out of its field is refused by the name of the field', () => {
  const wrong: readonly (readonly [Address, string])[] = [
    [{ name: 'a\r\nBcc: x', address: 'a@x.test' }, 'EMESSAGE'],
    [{ name: 'a\0', address: 'a@x.test' }, 'EMESSAGE'],
    [{ name: '', address: 'a@x.test\r\nRCPT' }, 'EADDRESS'],
    [{ name: '', address: '"a\nb"@x.test' }, 'EADDRESS'],
    [{ name: '', address: '"a\x01b"@x.test' }, 'EADDRESS'],
    [{ name: '', address: 'root' }, 'EADDRESS'],
    [{ name: '', address: '' }, 'EADDRESS'],
    [{ name: '', address: 'a@x test' }, 'EADDRESS'],
    [{ name: '', address: 'a@x.test>, b@y.test' }, 'EADDRESS'],
    [{ name: '', address: 'a@[1.2.3.4]>, <b@[x]' }, 'EADDRESS'],
    [{ name: '', address: 'ö@x.test' }, 'EADDRESS'],
    [{ name: 'G\n', address: '', group: [] }, 'EMESSAGE'],
  ]
  for (const [entry, code] of wrong)
    assert.throws(
      () => writeAddressList([entry], { field: 'cc' }),
      (error: unknown) => (error as { code: string }).code === code && String(error).includes('cc'),
      JSON.stringify(entry),
    )
})

test('reading undoes writing', () => {
  const name = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc
      .array(
        fc.constantFrom(
          'a',
          'Doe',
          ',',
          '"',
          '\\',
          '(',
          ')',
          '<',
          '>',
          '@',
          '.',
          ':',
          ';',
          '=?utf-8?Q?x?=',
          ' ',
          'é',
          '日本',
        ),
        { maxLength: 8 },
      )
      .map(l => l.join('')),
  )
  const local = fc.oneof(fc.stringMatching(/^[a-z0-9+-]{1,10}$/), fc.string({ minLength: 1, maxLength: 10 }))
  const mailbox = fc.record({ name, local })
  fc.assert(
    fc.property(fc.array(mailbox, { maxLength: 4 }), fc.boolean(), fc.boolean(), (list, utf8, grouped) => {
      const members = list.map(entry => ({
        name: entry.name.replace(/\p{Surrogate}|[\r\n\0]/gu, ''),
        address: /^[a-z0-9+-]+$/.test(entry.local)
          ? `${entry.local}@x.test`
          : `"${entry.local.replace(/[^ -~]/g, '').replace(/[\\"]/g, '\\$&')}"@x.test`,
      }))
      const addresses = grouped ? [{ name: 'G', address: '', group: members }] : members
      const read = readAddresses(write(addresses, utf8))
      const canonical = (entry: Address): Address => ({
        ...entry,
        address: entry.group ? '' : comparableAddress(entry.address),
        ...(entry.group ? { group: entry.group.map(canonical) } : {}),
      })
      assert.deepEqual(read.map(canonical), addresses.map(canonical))
    }),
    { numRuns: 2000 },
  )
})

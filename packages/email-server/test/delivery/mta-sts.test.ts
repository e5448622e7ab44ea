// What an MTA-STS record and policy say. RFC 8461 §3, §4.1.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hostMatches } from '../../src/address/index.ts'
import { readStsPolicy, readStsRecords } from '../../src/delivery/mta-sts.ts'

const RECORDS: readonly (readonly [string, readonly string[], string | null])[] = [
  ['the example of RFC 8461 §3.1', ['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
  ['without the last semicolon', ['v=STSv1; id=1'], '1'],
  ['blanks around semicolons', ['v=STSv1 \t;\tid=abc ; '], 'abc'],
  ['unknown fields', ['v=STSv1; a.b-c_d=x:y; id=abc'], 'abc'],
  ['other records are discarded', ['v=spf1 -all', 'v=STSv1; id=7', 'STSv1'], '7'],
  ['the first id counts', ['v=STSv1; id=1; id=2'], '1'],
  ['two records are none', ['v=STSv1; id=1', 'v=STSv1; id=2'], null],
  ['no id', ['v=STSv1;'], null],
  ['an id that is too long', [`v=STSv1; id=${'a'.repeat(33)}`], null],
  ['an id with other characters', ['v=STSv1; id=a-b'], null],
  ['an empty id', ['v=STSv1; id='], null],
  ['the version comes first', ['id=1; v=STSv1'], null],
  ['the version counts to the letter', ['V=STSv1; id=1', 'v=stsv1; id=1', 'v=STSv2; id=1'], null],
  ['an empty field', ['v=STSv1;; id=1'], null],
  ['an extension without a value', ['v=STSv1; a=; id=1'], null],
  ['nothing', [], null],
]

for (const [name, records, id] of RECORDS) {
  test(`record: ${name}`, () => assert.equal(readStsRecords(records), id))
}

const GOOD =
  'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n'

test('policy: the example of RFC 8461 §3.2', () => {
  const read = readStsPolicy(GOOD)
  assert.ok(read.ok)
  assert.equal(read.policy.mode, 'enforce')
  assert.deepEqual(read.policy.mx, ['mail.example.com', '*.example.net', 'backupmx.example.com'])
  assert.equal(read.policy.maxAge, 604_800)
  assert.equal(read.policy.lines.length, 6)
})

const POLICIES: readonly (readonly [string, string, boolean])[] = [
  ['lines may end with LF alone', GOOD.replaceAll('\r\n', '\n'), true],
  ['the last line needs no end', GOOD.trimEnd(), true],
  ['blanks at the ends of lines', GOOD.replaceAll('\r\n', ' \t\r\n'), true],
  ['unknown fields are passed over', `${GOOD}x-new.field: anything goes\r\n`, true],
  ['the first of two modes counts', `${GOOD}mode: nonsense\r\n`, true],
  ['mode none needs no mx', 'version: STSv1\nmode: none\nmax_age: 86400\n', true],
  ['mode enforce needs one', 'version: STSv1\nmode: enforce\nmax_age: 86400\n', false],
  ['no version', GOOD.replace('version: STSv1\r\n', ''), false],
  ['another version', GOOD.replace('STSv1', 'STSv2'), false],
  ['another mode', GOOD.replace('enforce', 'Enforce'), false],
  ['no max_age', GOOD.replace(/max_age.*/, ''), false],
  ['a max_age that is no number', GOOD.replace('604800', '6e5'), false],
  ['an empty line in the middle', GOOD.replace('mode', '\r\nmode'), false],
  ['a wildcard in the middle', GOOD.replace('*.example.net', 'mx.*.net'), false],
  ['U-labels (RFC 8461 §3.2: MUST be A-labels)', GOOD.replace('*.example.net', 'bücher.example'), false],
  ['an HTML page', '<!DOCTYPE html>\n<html></html>\n', false],
  ['nothing', '', false],
]

for (const [name, text, ok] of POLICIES) {
  test(`policy: ${name}`, () => assert.equal(readStsPolicy(text).ok, ok))
}

test('policy: max_age is at most a year and six hours', () => {
  const read = readStsPolicy(GOOD.replace('604800', '9999999999'))
  assert.equal(read.ok && read.policy.maxAge, 31_557_600)
})

const HOSTS: readonly (readonly [string, boolean])[] = [
  ['mail.example.com', true],
  ['MAIL.Example.com', true],
  ['mail2.example.com', false],
  ['a.example.net', true],
  ['example.net', false],
  ['a.b.example.net', false],
  ['.example.net', false],
]

for (const [host, allowed] of HOSTS) {
  test(`policy: ${host} is ${allowed ? '' : 'not '}allowed`, () => {
    assert.equal(hostMatches(['mail.example.com', '*.example.net'], host), allowed)
  })
}

test('whatever the text is, reading it neither throws nor takes long', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), text => {
      readStsPolicy(text)
      readStsRecords([text, `v=STSv1;${text}`])
    }),
  )
  const started = process.hrtime.bigint()
  readStsPolicy(`mx: a.test\n`.repeat(6000))
  readStsPolicy(`x${' '.repeat(60_000)}:${' '.repeat(60_000)}`)
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n)
})

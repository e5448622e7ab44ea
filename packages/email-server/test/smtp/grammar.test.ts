import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PeerSyntaxError } from '../../src/base/errors.ts'
import { esmtpParams } from '../../src/smtp/grammar/esmtp-params.ts'
import { GRAMMARS } from '../../src/smtp/grammar/index.ts'
import { notifyValue } from '../../src/smtp/grammar/notify.ts'
import { originalRecipient } from '../../src/smtp/grammar/original-recipient.ts'
import { sizeValue } from '../../src/smtp/grammar/size-value.ts'
import { xtext } from '../../src/smtp/grammar/xtext.ts'

for (const grammar of GRAMMARS) {
  test(`${grammar.name}: what is written reads as it was`, () => {
    for (const sample of grammar.samples) assert.deepEqual(grammar.read(grammar.write(sample)), sample)
  })

  test(`${grammar.name}: a text that is cut, or any text, is a value or a syntax error and nothing else`, () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[A-Z0-9=+ -]{0,30}$/),
      fc.constantFrom(...grammar.samples).chain(sample => {
        const text = grammar.write(sample)
        return fc.integer({ min: 0, max: text.length }).map(end => text.slice(0, end))
      }),
    )
    fc.assert(
      fc.property(texts, text => {
        try {
          const value = grammar.read(text)
          assert.deepEqual(grammar.read(grammar.write(value)), value)
        } catch (error) {
          assert.ok(error instanceof PeerSyntaxError, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })
}

test('xtext: the examples of RFC 3461', () => {
  assert.equal(xtext.write('a=b+c'), 'a+3Db+2Bc')
  assert.equal(xtext.read('rfc822;Bob@Example.COM'), 'rfc822;Bob@Example.COM')
  for (const bad of ['+', '+4', '+4g', '+3d', 'a=b', 'a b', '\x7f']) {
    assert.throws(() => xtext.read(bad), PeerSyntaxError)
  }
})

test('ORCPT: the type in any case, xtext for most types, embedded characters for utf-8 (RFC 6533 §3)', () => {
  assert.equal(originalRecipient.read('RFC822;Bob+2BSales@Example.COM'), 'rfc822;Bob+Sales@Example.COM')
  assert.equal(originalRecipient.read('utf-8;zo\\x{EB}@b\\x{00FC}cher.example'), 'utf-8;zoë@bücher.example')
  assert.equal(originalRecipient.read('utf-8;zoë@bücher.example'), 'utf-8;zoë@bücher.example')
  assert.equal(originalRecipient.write('utf-8;zoë+x@x'), 'utf-8;zo\\x{EB}\\x{2B}x@x')
  for (const bad of [
    '',
    'rfc822',
    'rfc822;',
    ';x',
    'rfc822;+0D+0A',
    'rfc822;é@x',
    'utf-8;\\x{D800}',
    'utf-8;\\x{110000}',
    'utf-8;\\xEB',
    'utf-8;a+b',
    'utf-8;\\x{0A}',
  ]) {
    assert.throws(() => originalRecipient.read(bad), PeerSyntaxError, bad)
  }
  assert.throws(() => originalRecipient.write('rfc822;é@x'), { code: 'EUSAGE' })
})

test('NOTIFY: NEVER stands alone', () => {
  assert.deepEqual(notifyValue.read('success,Failure,SUCCESS'), ['SUCCESS', 'FAILURE'])
  for (const bad of ['', 'NEVER,SUCCESS', 'SUCCESS,', 'ALWAYS', 'SUCCESS FAILURE']) {
    assert.throws(() => notifyValue.read(bad), PeerSyntaxError, bad)
  }
  assert.throws(() => notifyValue.write(['NEVER', 'DELAY']), { code: 'EUSAGE' })
  assert.throws(() => notifyValue.write([]), { code: 'EUSAGE' })
})

test('size-value: digits only, 20 at most; beyond 2^53 it is too big for anybody', () => {
  assert.equal(sizeValue.read('00012'), 12)
  assert.equal(sizeValue.read('99999999999999999999'), Number.POSITIVE_INFINITY)
  for (const bad of ['', '-1', '1.5', '1e3', '0x10', ' 1', '999999999999999999999']) {
    assert.throws(() => sizeValue.read(bad), PeerSyntaxError)
  }
})

test('parameters: keyword in any case, value as it stands, __proto__ is a malformed keyword and nothing more', () => {
  assert.deepEqual(esmtpParams.read(' size=12  SMTPUTF8 '), [
    ['SIZE', '12'],
    ['SMTPUTF8', null],
  ])
  assert.deepEqual(esmtpParams.read('constructor=1'), [['CONSTRUCTOR', '1']])
  for (const bad of ['SIZE=', '=1', 'A=b=c', '__proto__=1', 'A=1 a=2', '-A', 'A=\x01']) {
    assert.throws(() => esmtpParams.read(bad), PeerSyntaxError)
  }
  assert.throws(() => esmtpParams.write([['A', 'b c']]), { code: 'EUSAGE' })
})

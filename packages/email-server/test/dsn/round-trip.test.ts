// What goes into buildDsn comes out of parseReport, whatever the way back can carry.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { composeDsn, type DsnOptions, type DsnRecipient, type DsnReport } from '../../src/dsn/index.ts'
import { basics, fixed, read } from './kit.ts'

const word = fc.stringMatching(/^[A-Za-z0-9.:;,'()<>[\]=@+\\/-]{1,30}$/)
const text = fc.array(word, { minLength: 1, maxLength: 40 }).map(words => words.join(' '))
const local = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}$/),
  fc.stringMatching(/^[a-zäöüß日本語🎉+=-]{1,20}$/u),
  fc.constantFrom('"a b"', '"a;b"', '"x\\\\y"'),
)
const domain = fc.constantFrom('example.com', 'sub.example.org', 'bücher.example', '例え.jp', '[192.0.2.1]')
const address = fc.tuple(local, domain).map(([name, host]) => `${name}@${host}`)
const date = fc.integer({ min: 0, max: 4_000_000_000 }).map(seconds => new Date(seconds * 1000))
const host = fc.constantFrom('mx.example.net', 'MX1.Example.NET', 'localhost')
const id = fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/)
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined })

const facts = fc.record({
  finalRecipient: address,
  originalRecipient: optional(address),
  diagnostic: optional(text),
  remoteMta: optional(host),
  lastAttempt: optional(date),
  finalLogId: optional(id),
})
const recipient: fc.Arbitrary<DsnRecipient> = fc.oneof(
  facts.map(one => ({ ...one, action: 'failed' as const, status: '5.1.1' })),
  facts.map(one => ({ ...one, action: 'failed' as const, status: '4.4.7' })),
  fc.tuple(facts, optional(date)).map(([one, willRetryUntil]) => ({
    ...{ ...one, willRetryUntil },
    ...{ action: 'delayed' as const, status: '4.2.0' },
  })),
  fc
    .tuple(facts, fc.constantFrom('delivered' as const, 'relayed' as const, 'expanded' as const))
    .map(([one, action]) => ({ ...one, action, status: '2.1.5' })),
)

const options: fc.Arbitrary<DsnOptions> = fc.record({
  reportingMta: host,
  to: fc.constantFrom('alice@example.com', 'aliçe@example.com'),
  recipients: fc.array(recipient, { minLength: 1, maxLength: 5 }),
  originalEnvelopeId: optional(id),
  dsnGateway: optional(host),
  receivedFromMta: optional(
    fc.record({ name: host, address: optional(fc.constantFrom('192.0.2.1', '2001:db8::1')) }),
  ),
  arrivalDate: optional(date),
  returnContent: fc.constantFrom('headers' as const, 'full' as const),
  originalMessage: fc.constantFrom(
    'Message-ID: <original@example.com>\r\nSubject: x\r\n\r\nHello\r\n',
    'Message-ID: <original@example.com>\r\nSubject: Grüße\r\n\r\nHello\r\n',
  ),
  smtpProfile: fc.constantFrom({}, { smtputf8: true }, { smtputf8: false, eightBitMime: false }),
})

it('buildDsn → parseReport gives the facts back', () => {
  fc.assert(
    fc.property(options, given => {
      // the sender's own address must be one that the way can carry
      const utf8 = given.smtpProfile?.smtputf8 !== false
      const sent: DsnOptions = { ...basics, ...given, to: utf8 ? given.to : 'alice@example.com' }
      const report = read(composeDsn(sent, fixed()).bytesSync())
      assert.ok(report?.kind === 'dsn')
      assert.deepEqual({ ...report, originalHeaders: null }, expected(sent))
      assert.equal(report.originalHeaders?.get('message-id'), '<original@example.com>')
    }),
    { numRuns: 500 },
  )
})

function expected(options: DsnOptions): DsnReport {
  const { receivedFromMta: from } = options
  return {
    kind: 'dsn',
    standard: true,
    reportingMta: options.reportingMta,
    dsnGateway: options.dsnGateway ?? null,
    receivedFromMta: typeof from === 'object' ? { name: from.name, address: from.address ?? null } : null,
    arrivalDate: options.arrivalDate ?? null,
    originalEnvelopeId: options.originalEnvelopeId ?? null,
    originalMessageId: '<original@example.com>',
    originalHeaders: null,
    recipients: options.recipients.map(recipient => ({
      finalRecipient: recipient.finalRecipient,
      originalRecipient: recipient.originalRecipient ?? null,
      action: recipient.action,
      status: recipient.status ?? null,
      permanent: recipient.action === 'failed' && recipient.status === '5.1.1',
      diagnostic: typeof recipient.diagnostic === 'string' ? recipient.diagnostic : null,
      remoteMta: recipient.remoteMta ?? null,
      lastAttempt: recipient.lastAttempt ?? null,
      finalLogId: recipient.finalLogId ?? null,
      willRetryUntil: recipient.willRetryUntil ?? null,
    })),
  }
}

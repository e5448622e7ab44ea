// compose → parse = identity, with our own parser and with mailparser: whatever goes in comes out.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { type MessageOptions, parseMessage, type SmtpProfile } from '../../src/mime/index.ts'
import { basics, compose } from './compose-helpers.ts'

/** Text as people write it, in any script, with what is awkward for mail; on one line. */
const line = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom(
        ' ',
        '  ',
        '\t',
        '=?utf-8?q?x?=',
        '=?',
        '?=',
        'word',
        '"',
        '\\',
        ',',
        ';',
        ':',
        '<',
        '>',
        '@',
        '(',
        ')',
        "'",
        '%',
        '*',
        'Ünïcödé',
        '日本語',
        '🎉',
        'x'.repeat(90),
      ),
    ),
    { maxLength: 12 },
  )
  .map(parts =>
    parts
      .join('')
      .replace(/[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]/g, '')
      .normalize(),
  )
const text = fc.array(line, { maxLength: 8 }).map(lines => lines.join('\n'))
const profile: fc.Arbitrary<SmtpProfile | undefined> = fc.constantFrom(
  undefined,
  { smtputf8: true },
  { eightBitMime: true },
  { binaryMime: true },
)
const runs = { numRuns: 300 }

describe('what composeMessage writes, parseMessage reads', () => {
  it('subjects', () => {
    fc.assert(
      fc.property(line, profile, (subject, smtpProfile) => {
        const parsed = parseMessage(compose({ ...basics, subject, smtpProfile }).bytesSync())
        assert.equal(parsed.subject ?? '', subject)
      }),
      runs,
    )
  })

  it('names of senders and recipients, also in groups', () => {
    fc.assert(
      fc.property(line, line, profile, (given, group, smtpProfile) => {
        const name = given.trim()
        const message = compose({
          ...basics,
          from: { name, address: 'a@example.com' },
          to: [
            { name, address: '"a b"@bücher.example' },
            { name: group.trim() || 'G', group: [{ name, address: 'c@example.com' }] },
          ],
          smtpProfile,
        })
        const parsed = parseMessage(message.bytesSync())
        assert.equal(parsed.from!.value[0]!.name, name)
        const to = parsed.to as unknown as {
          value: { name: string; address: string; group?: { name: string; address: string }[] }[]
        }
        assert.equal(to.value[0]!.name, name)
        assert.equal(to.value.length, 2)
        assert.equal(to.value[1]!.name, group.trim() || 'G')
        assert.deepEqual(
          to.value[1]!.group!.map(one => [one.name, one.address]),
          [[name, 'c@example.com']],
        )
      }),
      runs,
    )
  })

  it('texts, to the line, and HTML', () => {
    fc.assert(
      fc.property(text, text, profile, (plain, html, smtpProfile) => {
        const parsed = parseMessage(
          compose({ ...basics, text: `${plain}.`, html: `${html}.`, smtpProfile }).bytesSync(),
        )
        assert.equal(parsed.text, `${plain}.`)
        assert.equal(parsed.html, `${html}.`)
      }),
      runs,
    )
  })

  it('text alone, but for the line break at its end', () => {
    fc.assert(
      fc.property(text, profile, (plain, smtpProfile) => {
        const parsed = parseMessage(compose({ ...basics, text: `${plain}.`, smtpProfile }).bytesSync())
        assert.equal(parsed.text!.replace(/\n$/, ''), `${plain}.`)
      }),
      runs,
    )
  })

  it('attachments: names, types, ids and every octet', () => {
    const name = line.map(value => value.trim()).filter(value => value !== '')
    const attachment = fc.record({
      name,
      content: fc.oneof(
        fc.uint8Array(),
        text.map(value => Buffer.from(value)),
      ),
      cid: fc.boolean(),
      type: fc.constantFrom('application/x-own', 'text/plain', 'image/png', 'text/csv'),
    })
    fc.assert(
      fc.property(fc.array(attachment, { minLength: 1, maxLength: 4 }), profile, (list, smtpProfile) => {
        const options: MessageOptions = {
          ...basics,
          html: '<p>',
          smtpProfile,
          attachments: list.map(({ name: filename, content, cid, type }, i) => ({
            filename,
            content,
            contentType: type,
            cid: cid ? `${i}@x` : undefined,
          })),
        }
        const parsed = parseMessage(compose(options).bytesSync())
        const key = (one: {
          filename?: string | undefined
          cid?: string | undefined
          contentType: string
          content: Uint8Array
        }) =>
          `${one.filename} ${one.cid ?? ''} ${one.contentType} ${Buffer.from(one.content).toString('hex')}`
        const expected = list.map(({ name: filename, content, cid, type }, i) =>
          key({ filename, cid: cid ? `${i}@x` : undefined, contentType: type, content }),
        )
        assert.deepEqual(parsed.attachments.map(one => key(one as never)).sort(), expected.sort())
      }),
      runs,
    )
  })

  it('dates and identifiers', () => {
    const id = fc
      .string({ unit: fc.constantFrom(..."abcXYZ019!#$%&'*+-/=?^_`{|}~.@"), minLength: 1, maxLength: 120 })
      .map(value => `<${value}>`)
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('1900-01-01T00:00:00Z'),
          max: new Date('9999-12-31T00:00:00Z'),
          noInvalidDate: true,
        }),
        id,
        fc.array(id, { minLength: 2, maxLength: 30 }),
        (date, messageId, references) => {
          const parsed = parseMessage(
            compose({ ...basics, date, messageId, inReplyTo: references[0], references }).bytesSync(),
          )
          assert.equal(parsed.date!.getTime(), Math.floor(date.getTime() / 1000) * 1000)
          assert.equal(parsed.messageId, messageId)
          assert.equal(parsed.inReplyTo, references[0])
          assert.deepEqual(parsed.references, references)
        },
      ),
      runs,
    )
  })

  it('invitations', () => {
    const content = 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Grüße\r\nEND:VCALENDAR\r\n'
    const parsed = parseMessage(compose({ ...basics, text: 'x', icalEvent: content }).bytesSync())
    assert.equal(parsed.calendar?.method, 'REQUEST')
    assert.equal(parsed.calendar?.content.replaceAll('\r\n', '\n'), content.replaceAll('\r\n', '\n'))
  })

  it('flowed texts', () => {
    const plain = `${'word '.repeat(60)}end\n\n> ${'quoted '.repeat(30)}end\n-- \nAnn`
    assert.equal(
      parseMessage(compose({ ...basics, text: plain, flowed: true }).bytesSync()).text!.trimEnd(),
      plain,
    )
  })
})

describe('what composeMessage writes, mailparser reads', () => {
  it('the same way', async () => {
    await fc.assert(
      fc.asyncProperty(
        line,
        line,
        text,
        fc.uint8Array({ minLength: 1 }),
        async (subject, name, plain, content) => {
          // mailparser trims, joins white space in places, and undoes encoded words a second time
          const clean = (value: string) => value.replace(/[\s"\\=?<>(),;:@]+/g, ' ').trim()
          const filename = `x${clean(name)}`
          const message = compose({
            ...basics,
            subject: clean(subject),
            from: { name: clean(name), address: 'a@example.com' },
            text: `${plain}.`,
            html: '<p>',
            attachments: [{ filename, content }],
          })
          const parsed = await simpleParser(Buffer.from(message.bytesSync()))
          assert.equal(parsed.subject ?? '', clean(subject))
          assert.equal(parsed.from!.value[0]!.name, clean(name))
          assert.equal(parsed.text, `${plain}.`)
          assert.equal(parsed.attachments[0]!.filename, filename)
          assert.deepEqual([...parsed.attachments[0]!.content], [...content])
        },
      ),
      { numRuns: 150 },
    )
  })
})

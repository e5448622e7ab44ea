// Options of the wrong kind, and very large ones: an error with a code and a name, or a message; never anything else, and in time.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MailError } from '../../src/base/errors.ts'
import type { MessageOptions } from '../../src/mime/index.ts'
import { basics, compose } from './compose-helpers.ts'

const OPTIONS = [
  'from',
  'sender',
  'to',
  'cc',
  'bcc',
  'replyTo',
  'inReplyTo',
  'references',
  'subject',
  'messageId',
  'date',
  'text',
  'html',
  'watchHtml',
  'amp',
  'icalEvent',
  'attachments',
  'alternatives',
  'headers',
  'list',
  'priority',
  'xMailer',
  'envelope',
  'raw',
  'encoding',
  'textEncoding',
  'flowed',
  'attachDataUrls',
  'smtpProfile',
  'reader',
  'boundaryPrefix',
  'baseBoundary',
  'normalizeHeaderKey',
  'newline',
] as const

describe('options of the wrong kind', () => {
  const junk = fc.anything({
    maxDepth: 3,
    withNullPrototype: true,
    withTypedArray: true,
    withDate: true,
    withMap: true,
    withBigInt: true,
  })
  for (const option of OPTIONS) {
    it(`${option}: a message or a MailError, whatever it is`, () => {
      fc.assert(
        fc.property(fc.oneof(junk, fc.array(junk), fc.func(junk)), value => {
          try {
            const message = compose({ ...basics, text: 'x', [option]: value } as MessageOptions)
            if (message.inMemory) assert.equal(message.bytesSync().length, message.size)
          } catch (error) {
            if (!(error instanceof MailError)) throw error
          }
        }),
        { numRuns: 300 },
      )
    })
  }

  it('parts with junk in every place', () => {
    const keys = [
      'content',
      'path',
      'href',
      'raw',
      'encoding',
      'contentType',
      'contentTransferEncoding',
      'filename',
      'headers',
      'size',
      'contentDisposition',
      'cid',
      'method',
      'attachment',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        junk,
        fc.constantFrom('text', 'attachments', 'alternatives', 'icalEvent'),
        (key, value, option) => {
          const part = { content: 'x', [key]: value }
          try {
            compose({ ...basics, [option]: option.endsWith('s') ? [part] : part })
          } catch (error) {
            if (!(error instanceof MailError)) throw error
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('no options at all', () => {
    for (const options of [undefined, null, 'x', 7]) assert.throws(() => compose(options as never), MailError)
  })
})

describe('very large options take linear time', () => {
  const grown: [string, (n: number) => MessageOptions][] = [
    ['recipients in one text', n => ({ to: 'Ann <ann@example.com>, '.repeat(n) })],
    [
      'recipients as objects',
      n => ({ to: Array.from({ length: n }, (_, i) => ({ name: 'Ü', address: `a${i}@example.com` })) }),
    ],
    [
      'members of a group',
      n => ({ to: `G: ${Array.from({ length: n }, (_, i) => `a${i}@example.com`).join()};` }),
    ],
    ['references', n => ({ references: '<a@example.com> '.repeat(n) })],
    ['open brackets of references', n => ({ references: '<a '.repeat(n) })],
    ['words of the subject', n => ({ subject: 'word '.repeat(n) })],
    ['spaces of the subject', n => ({ subject: `${' '.repeat(n)}x${' '.repeat(n)}y` })],
    ['letters of the subject', n => ({ subject: 'ü'.repeat(n) })],
    [
      'custom headers',
      n => ({ headers: Array.from({ length: n }, (_, i) => ({ key: `X-${i}`, value: 'x' })) }),
    ],
    ['attachments', n => ({ attachments: Array.from({ length: n }, () => ({ content: 'x' })) })],
    ['letters of a file name', n => ({ attachments: [{ content: 'x', filename: '日'.repeat(n) }] })],
    ['octets of a text', n => ({ text: 'ü=\n \r'.repeat(n) })],
    ['octets of HTML without a break', n => ({ html: 'x'.repeat(n * 10) })],
    [
      'parameters of a type',
      n => ({ attachments: [{ content: 'x', contentType: `text/x${';a=b'.repeat(n)}` }] }),
    ],
    ['a calendar without a method', n => ({ icalEvent: 'METHOD;\n'.repeat(n) })],
    ['a data: URI', n => ({ attachments: [{ path: `data:text/x${';'.repeat(n)},${'%41'.repeat(n)}` }] })],
  ]
  for (const [what, options] of grown) {
    it(what, () => {
      const time = (n: number): number => {
        const given = { ...basics, ...options(n) }
        const start = performance.now()
        compose(given).bytesSync()
        return performance.now() - start
      }
      time(100)
      // the best of three: whatever else the machine does only adds
      const best = (n: number): number => Math.min(time(n), time(n), time(n))
      const small = best(4000)
      const large = best(32_000)
      // eight times the input: a square would be 64 times the time
      assert.ok(large < Math.max(24 * small, 500), `${small.toFixed(1)} ms → ${large.toFixed(1)} ms`)
    })
  }
})

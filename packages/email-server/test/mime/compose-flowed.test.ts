// format=flowed as it is written (RFC 3676 §4.2–4.5): the RFC's own examples, and that reading joins what writing broke.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { flowText } from '../../src/mime/compose-flowed.ts'
import { unflow } from '../../src/mime/flowed.ts'
import { basics, body, field, written } from './compose-helpers.ts'

const joined = (text: string) => unflow(flowText(text).replaceAll('\r\n', '\n'), false)

describe('format=flowed', () => {
  it('is said in the type, and only when asked', () => {
    assert.equal(
      field(written({ ...basics, text: 'a', flowed: true }), 'Content-Type'),
      'text/plain; format=flowed; charset=utf-8',
    )
    assert.doesNotMatch(written({ ...basics, text: 'a' }), /flowed/)
    assert.equal(body(written({ ...basics, text: Buffer.from(' a'), flowed: true })), '  a\r\n')
  })

  it('breaks paragraphs behind spaces, within 78 characters', () => {
    const text =
      "`You mean you can't take LESS,' said the Hatter: `it's very easy to take MORE than nothing.'\n\n`Nobody asked YOUR opinion,' said Alice."
    const lines = flowText(text).split('\r\n')
    assert.deepEqual(lines, [
      "`You mean you can't take LESS,' said the Hatter: `it's very easy to ",
      "take MORE than nothing.'",
      '',
      "`Nobody asked YOUR opinion,' said Alice.",
    ])
  })

  it("quotes as the RFC's example does (§4.7)", () => {
    const text =
      ">>>Take some more tea.\n>>I've had nothing yet, so I can't take more.\n>You mean you can't take LESS, it's very easy to take MORE than nothing, said he."
    assert.deepEqual(flowText(text).split('\r\n'), [
      '>>> Take some more tea.',
      ">> I've had nothing yet, so I can't take more.",
      "> You mean you can't take LESS, it's very easy to take MORE than ",
      '> nothing, said he.',
    ])
  })

  it('stuffs lines that begin with a space or "From " (§4.4)', () => {
    assert.equal(flowText(' a\nFrom b\nFromage'), '  a\r\n From b\r\nFromage')
  })

  it('stuffs what begins with ">" because it was broken there', () => {
    const text = `${'x'.repeat(70)} > y`
    assert.equal(flowText(text), `${'x'.repeat(70)} \r\n > y`)
  })

  it('leaves the signature separator as it is, quoted or not (§4.3), and makes none', () => {
    assert.equal(flowText('a  \n-- \nAnn'), 'a\r\n-- \r\nAnn')
    assert.equal(flowText('> -- \n> Ann'), '> -- \r\n> Ann')
    assert.ok(
      !flowText(`-- ${'y'.repeat(100)}`)
        .split('\r\n')
        .includes('-- '),
    )
  })

  it('does not break words, however long (§4.2)', () => {
    const word = 'x'.repeat(200)
    assert.equal(flowText(`${word} ${word}`), `${word} \r\n${word}`)
  })

  it('is read back as it was written, but for trailing spaces', () => {
    const text = fc.string({
      unit: fc.constantFrom('word', 'a', ' ', '  ', '>', '\n', '-', '-- ', 'From ', 'ü', 'x'.repeat(80)),
      maxLength: 60,
    })
    fc.assert(
      fc.property(text, given => {
        const expected = given
          .split('\n')
          .map(line => {
            const marks = /^>*/.exec(line)![0]
            const content = line.slice(marks.length).replace(marks ? /^ / : /^/, '')
            const kept = content === '-- ' ? content : content.replace(/ +$/, '')
            // the reader writes one space behind the marks of a quote
            return marks ? `${marks} ${kept}` : kept
          })
          .join('\n')
        assert.equal(joined(given), expected)
        for (const line of flowText(given).split('\r\n')) {
          const words = line.split(' ')
          assert.ok(line.length <= 78 || words.some(word => word.length > 20) || line.trim() === '', line)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('takes linear time', () => {
    for (const piece of [' ', 'a ', '>', '> ', 'x', '-- ']) {
      const start = performance.now()
      flowText(piece.repeat(300_000))
      assert.ok(performance.now() - start < 2000, JSON.stringify(piece))
    }
  })
})

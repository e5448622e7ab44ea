// RFC 5256 §2.1: what is left of a subject, and whether it was a reply's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { baseSubject } from '../../src/mailbox/index.ts'

// what stands on the left matches the rules of §2.1 and §5 as its comment says
const CASES: readonly (readonly [subject: string, base: string, isReply: boolean])[] = [
  ['Hello', 'Hello', false],
  ['Re: Hello', 'Hello', true],
  ['RE : hello', 'hello', true], // subj-refwd has *WSP before ":"
  ['re[4]: Hello', 'Hello', true], // … and may have a subj-blob
  ['Fw: Fwd: FWD: x', 'x', true],
  ['[list] Re: [list] Hello', 'Hello', true], // *subj-blob subj-refwd, then a blob before the base
  ['[a][b] Hello', 'Hello', false],
  ['[a]', '[a]', false], // the last blob is the base if nothing else is left
  ['[a] [b]', '[b]', false],
  ['Hello (fwd)', 'Hello', true], // subj-trailer
  ['Hello (fwd) (FWD)  ', 'Hello', true],
  ['[fwd: Hello]', 'Hello', true], // subj-fwd
  ['[Fwd: [Fwd: Re: Hello (fwd)]]', 'Hello', true],
  ['Re:', '', true],
  ['Re: re: ', '', true],
  ['Regarding: x', 'Regarding: x', false], // "re" must be followed by the colon
  ['Re Hello', 'Re Hello', false],
  ['Antwort: x', 'Antwort: x', false], // only what the standard names
  ['a\t b\r\n c', 'a b c', false], // step 1
  ['[unclosed Re: x', '[unclosed Re: x', false],
  ['[a[b] x', '[a[b] x', false], // a blob has no brackets inside
  ['[fwd:İ]Fwd :x', 'x', true],
  ['', '', false],
]

for (const [subject, base, isReply] of CASES) {
  test(`the base of ${JSON.stringify(subject)} is ${JSON.stringify(base)}`, () => {
    assert.deepEqual(baseSubject(subject), { text: base, isReply })
  })
}

test('a base subject has no base but itself', () => {
  const piece = fc.constantFrom('re:', 'Fwd :', '[a]', '[fwd:', ']', ' ', '(fwd)', 'x', '[', 'ß', 'İ', ':')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const once = baseSubject(pieces.join('')).text
      assert.equal(baseSubject(once).text, once)
    }),
  )
})

test('subjects without end cost linear time', () => {
  for (const piece of ['[a]', 're:', '(fwd)', '[fwd:', '[', 're[', ' ', 'fw [a]']) {
    const subject = piece.repeat(200_000)
    const began = process.cpuUsage().user
    baseSubject(subject)
    assert.ok(process.cpuUsage().user - began < 2_000_000, piece)
  }
})

// Flags: what can be one, and what becomes of sets of them (RFC 3501 §2.3.2, §6.4.6).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ATOM_CHAR, isClass } from '../../src/imap/wire/chars.ts'
import { cleanFlag, isFlag } from '../../src/mailbox/flags.ts'
import { changeFlags } from '../../src/mailbox/index.ts'

test('what the mailbox room takes for a flag is what IMAP can say as an atom', () => {
  for (let c = 0; c < 300; c++) assert.equal(isFlag(String.fromCharCode(c)), isClass(c, ATOM_CHAR), String(c))
  assert.equal(isFlag(''), false)
})

test('system flags have one spelling, keywords keep theirs', () => {
  assert.deepEqual(['\\seen', 'SEEN', '$Junk', '\\Foo', 'draft'].map(cleanFlag), [
    'Seen',
    'Seen',
    '$Junk',
    'Foo',
    'Draft',
  ])
})

test('set, add and remove compare without case, and keep the spelling that is there', () => {
  assert.deepEqual(changeFlags(['Seen', 'Work'], 'add', ['work', 'Flagged']), ['Seen', 'Work', 'Flagged'])
  assert.deepEqual(changeFlags(['Seen', 'Work'], 'remove', ['WORK', 'Draft']), ['Seen'])
  assert.deepEqual(changeFlags(['Seen', 'Work'], 'set', ['work', 'Draft']), ['Work', 'Draft'])
  assert.deepEqual(changeFlags(['Seen'], 'set', []), [])
})

// Who may be told of a message's fate: RFC 5321 §6.1, RFC 3464 §2, RFC 3834 §2.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { composeDsn, type DsnAction, mayBounce } from '../../src/dsn/index.ts'
import { splitHeader } from '../../src/mime/index.ts'
import { basics, fixed } from './kit.ts'

const cases: [what: string, from: string, header: string, failed: boolean, delayed: boolean][] = [
  ['an ordinary message', 'a@example.com', 'Subject: x', true, true],
  ['the null sender', '', 'Subject: x', false, false],
  ['a sender without a domain', 'root', 'Subject: x', false, false],
  ['MAILER-DAEMON with an address', 'Mailer-Daemon@example.com', 'Subject: x', false, false],
  ['a message that says it is no automatic one', 'a@example.com', 'Auto-Submitted: No (really)', true, true],
  ['an automatic answer', 'a@example.com', 'Auto-Submitted: auto-replied; x=y', false, false],
  ['an automatic message', 'a@example.com', 'Auto-Submitted: auto-generated', true, false],
  [
    'a list, whose sender is there to hear of failures',
    'list-bounces@example.com',
    'List-Id: <l.example.com>',
    true,
    false,
  ],
  ['bulk mail', 'a@example.com', 'Precedence: bulk', true, false],
  ['mail of a list', 'a@example.com', 'PRECEDENCE: List', true, false],
  ['mail that nobody will miss', 'a@example.com', 'Precedence: junk', false, false],
  [
    'a DSN with a sender',
    'a@example.com',
    'Content-Type: multipart/report; report-type=delivery-status',
    false,
    false,
  ],
  [
    'an MDN',
    'a@example.com',
    'Content-Type: multipart/report; report-type="disposition-notification"',
    false,
    false,
  ],
  ['a report of TLS', 'a@example.com', 'Content-Type: multipart/report; report-type=tlsrpt', true, true],
]
for (const [what, from, header, failed, delayed] of cases) {
  it(`${what}: failures ${failed ? 'are' : 'are not'} told, delays ${delayed ? 'are' : 'are not'}`, () => {
    const block = splitHeader(Buffer.from(`${header}\r\n\r\n`))
    const may = (action: DsnAction): boolean => mayBounce(from, block, action)
    assert.deepEqual([may('failed'), may('delayed')], [failed, delayed])
    // success is told to whom has asked, lists or not
    assert.equal(may('delivered'), failed)
  })
}

it('with an unknown header only the sender counts', () => {
  assert.deepEqual([mayBounce('a@example.com', null), mayBounce('', null)], [true, false])
})

it('our own reports are answered by none', () => {
  const raw = composeDsn(basics, fixed()).bytesSync()
  assert.equal(mayBounce('postmaster@example.com', splitHeader(raw)), false)
})

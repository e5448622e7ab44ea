// What nodemailer delivered to `npm start`, other people's programs read byte for byte.
import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ALICE, BOB, type Host, startHost } from '../support/host.ts'
import { carries, idOf, MESSAGES, UNFINISHED, withFinalNewline } from '../support/messages.ts'
import { imapflowOpens, imapflowReads, nodemailerSends } from '../support/npm-clients.ts'
import {
  curlReadsImap,
  curlReadsPop3,
  fetchmailReads,
  getmailReads,
  mbsync,
  mpopReads,
  pythonReads,
  type Security,
} from '../support/programs.ts'

let host: Host
before(async () => {
  host = await startHost()
  await nodemailerSends(host.ports.inbound, [...MESSAGES.values(), UNFINISHED])
})
after(() => host[Symbol.asyncDispose]())

const SENT = new Map([...MESSAGES, ['unfinished', withFinalNewline(UNFINISHED)]])

/** Every message that was sent is there once, whole; `same` says what may differ. */
function assertAllThere(
  read: Iterable<Buffer>,
  same: (stored: Buffer, sent: Buffer) => boolean = carries,
): void {
  const all = [...read]
  for (const [id, sent] of SENT) {
    const found = all.filter(raw => idOf(raw) === id)
    assert.equal(found.length, 1, `${id} is there ${found.length} times`)
    assert.ok(same(found[0]!, sent), `${id} is not what was sent`)
  }
}

for (const security of ['clear', 'starttls', 'tls'] satisfies Security[]) {
  const imap = (): number => (security === 'tls' ? host.ports.imaps : host.ports.imap)
  const pop3 = (): number => (security === 'tls' ? host.ports.pop3s : host.ports.pop3)

  test(`Python's imaplib reads every message (${security})`, async () => {
    assertAllThere(await pythonReads('imap', { port: imap(), user: BOB, security }))
  })

  test(`Python's poplib reads every message (${security})`, async () => {
    assertAllThere(await pythonReads('pop3', { port: pop3(), user: BOB, security }))
  })

  test(`curl reads every message over IMAP (${security})`, async () => {
    assertAllThere(await curlReadsImap({ port: imap(), user: BOB, security }))
  })

  test(`curl reads every message over POP3 (${security})`, async () => {
    assertAllThere(await curlReadsPop3({ port: pop3(), user: BOB, security }))
  })

  // getmail knows no STLS
  if (security !== 'starttls') {
    test(`getmail takes every message over POP3 (${security})`, async () => {
      assertAllThere(await getmailReads({ port: pop3(), user: BOB, security }))
    })
  }

  for (const auth of ['user', 'plain', 'login']) {
    test(`mpop takes every message over POP3 (${security}, auth ${auth})`, async () => {
      assertAllThere(await mpopReads({ port: pop3(), user: BOB, security }, auth))
    })
  }

  test(`fetchmail takes every message over POP3 (${security})`, async () => {
    assertAllThere(await fetchmailReads('pop3', { port: pop3(), user: BOB, security }))
  })

  test(`fetchmail takes every message over IMAP (${security})`, async () => {
    assertAllThere(await fetchmailReads('imap', { port: imap(), user: BOB, security }))
  })

  test(`mbsync takes every message (${security})`, async () => {
    await using box = await mbsync({ port: imap(), user: BOB, security })
    await box.sync()
    assertAllThere((await box.messages()).values())
  })
}

test('all programs see the same messages, as many as imapflow', async () => {
  const expected = (await imapflowReads(host.ports.imap, BOB)).length
  const account = { user: BOB, security: 'clear' } as const
  assert.equal((await pythonReads('imap', { ...account, port: host.ports.imap })).length, expected)
  assert.equal((await pythonReads('pop3', { ...account, port: host.ports.pop3 })).length, expected)
  assert.equal((await curlReadsImap({ ...account, port: host.ports.imap })).length, expected)
})

test('a message put there by APPEND without a final line end is given one by POP3 only (RFC 1939 §3)', async () => {
  await using opened = await imapflowOpens(host.ports.imap, ALICE)
  await opened.client.append('INBOX', UNFINISHED)
  const byImap = await pythonReads('imap', { port: host.ports.imap, user: ALICE, security: 'clear' })
  assert.ok(byImap.find(raw => idOf(raw) === 'unfinished')!.equals(UNFINISHED))
  const byPop3 = await pythonReads('pop3', { port: host.ports.pop3, user: ALICE, security: 'clear' })
  assert.ok(byPop3.find(raw => idOf(raw) === 'unfinished')!.equals(withFinalNewline(UNFINISHED)))
})

test('mbsync keeps both sides in step: flags, new mail and deletions, and has nothing to do the second time', async () => {
  const account = { port: host.ports.imap, user: ALICE, security: 'clear' } as const
  await using box = await mbsync(account)
  await box.sync()
  const before = await box.messages()
  const inbox = await imapflowReads(host.ports.imap, ALICE)
  assert.equal(before.size, inbox.length)

  // here: one message answered, one new; there: one flagged
  const [name] = before.keys()
  const marked = `cur/${name!.slice(4).replace(/:2,.*$/, '')}:2,RS`
  await rename(join(box.maildir, 'INBOX', name!), join(box.maildir, 'INBOX', marked))
  const drafted = Buffer.from('Message-ID: <drafted@sender.example>\nSubject: drafted here\n\nText.\n')
  await writeFile(join(box.maildir, 'INBOX', 'new', '1.drafted.example'), drafted)
  {
    await using opened = await imapflowOpens(host.ports.imap, ALICE)
    await opened.client.mailboxOpen('INBOX')
    await opened.client.messageFlagsAdd('1', ['\\Flagged'])
  }
  await box.sync()

  await using opened = await imapflowOpens(host.ports.imap, ALICE)
  await opened.client.mailboxOpen('INBOX')
  const uids = await opened.client.search(
    { header: { 'message-id': '<drafted@sender.example>' } },
    { uid: true },
  )
  assert.ok(uids && uids.length === 1, 'the message from here is there')
  const answered = await opened.client.search({ answered: true })
  assert.ok(answered && answered.length === 1, 'the flag from here is there')
  const flagged = [...(await box.messages()).keys()].filter(name => /:2,[A-Z]*F/.test(name))
  assert.equal(flagged.length, 1, 'the flag from there is here')

  // there: it is deleted, and goes away here
  await opened.client.messageDelete(uids, { uid: true })
  await box.sync()
  const left = [...(await box.messages()).values()]
  assert.ok(!left.some(raw => idOf(raw) === 'drafted'))
  assert.equal(left.length, inbox.length)

  const again = await box.sync()
  const names = [...(await box.messages()).keys()].sort()
  assert.doesNotMatch(again, /\+[1-9]|\*[1-9]|#[1-9]/)
  await box.sync()
  assert.deepEqual([...(await box.messages()).keys()].sort(), names)
})

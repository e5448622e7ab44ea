// Our IMAP client and Dovecot's server: every way to log in that both know, every message byte for byte, and what each command does there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import {
  type ConnectImapOptions,
  connectIMAP,
  type ImapConnection,
  type MailboxChange,
  type MailError,
} from 'email-server'
import { TEST_CERT } from '../support/certificate.ts'
import { type Dovecot, startDovecot } from '../support/dovecot.ts'
import { MESSAGES } from '../support/messages.ts'

const USER = 'alice'
const PASSWORD = 'correct horse, battery=staple'
const LETTERS = [...MESSAGES.values()]

let dovecot: Dovecot
before(async () => {
  dovecot = await startDovecot(USER, PASSWORD, LETTERS)
})
after(() => dovecot[Symbol.asyncDispose]())

function open(options: ConnectImapOptions & { way?: 'starttls' | 'tls' } = {}): Promise<ImapConnection> {
  const { way = 'tls', ...rest } = options
  return connectIMAP({
    host: 'localhost',
    port: way === 'tls' ? dovecot.imaps : dovecot.imap,
    secure: way === 'tls',
    tls: { ca: TEST_CERT },
    auth: { user: USER, pass: PASSWORD },
    ...rest,
  })
}

for (const way of ['starttls', 'tls'] as const) {
  for (const method of ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'CRAM-MD5']) {
    test(`logs in by ${method} (${way}), and not with a wrong password`, async () => {
      const said: string[] = []
      const logger = { debug: (facts: object) => said.push(JSON.stringify(facts)) }
      const imap = await open({ way, auth: { user: USER, pass: PASSWORD, method }, logger })
      assert.equal(imap.tls?.protocol, 'TLSv1.3')
      await imap.logout()
      assert.ok(said.some(line => line.includes(`AUTHENTICATE ${method}`)))
      assert.ok(!said.some(line => line.includes('battery')))
      await assert.rejects(
        open({ way, auth: { user: USER, pass: 'wrong', method } }),
        (error: MailError) => error.code === 'EAUTH' && error.serverCode === 'AUTHENTICATIONFAILED',
      )
    })
  }
}

test('reads every message as it is: at once, one after another, streamed, and compressed', async () => {
  for (const compress of [false, true]) {
    await using imap = await open({ compress })
    const { total } = await imap.examine('INBOX')
    assert.equal(total, LETTERS.length)
    const all = await imap.fetch('1:*', { body: true })
    for (const [i, { body }] of all.entries()) assert.deepEqual(Buffer.from(body!), Buffer.from(LETTERS[i]!))
    let seen = 0
    for await (const { body, uid } of imap.fetch('1:*', { body: true })) {
      assert.deepEqual(Buffer.from(body!), Buffer.from(LETTERS[seen++]!))
      await imap.fetch(uid, { flags: true })
    }
    assert.equal(seen, LETTERS.length)
    seen = 0
    for await (const { content } of imap.fetch('1:*', { body: true, size: true }, { stream: true }))
      assert.deepEqual(Buffer.from(await content!.bytes()), Buffer.from(LETTERS[seen++]!))
    assert.equal(seen, LETTERS.length)
    for await (const { content } of imap.fetch('1:*', { body: true }, { stream: true })) {
      for await (const piece of content!) {
        assert.ok(piece.length > 0)
        break
      }
      break
    }
    await imap.noop()
  }
})

test('tells of a message what the server tells', async () => {
  await using imap = await open()
  await imap.create('Facts')
  const raw = Buffer.from(
    'Date: Tue, 3 Nov 2026 10:00:00 +0100\r\nFrom: =?utf-8?q?Andr=C3=A9?= <andre@example.org>\r\nTo: Team: a@example.org, b@example.org;\r\n' +
      'Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nMessage-ID: <1@example.org>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
      '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n',
  )
  const placed = await imap.append('Facts', raw, ['Seen', '$Important'], {
    date: new Date('2026-11-03T09:00:00Z'),
  })
  await imap.select('Facts')
  const [message] = await imap.fetch(placed!.uid, {
    ...{ flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true, modseq: true },
    preview: true,
    headers: ['Subject'],
    body: ['1', '2.MIME', 'TEXT'],
  })
  assert.deepEqual(
    message!.flags!.filter(flag => flag !== 'Recent'),
    ['Seen', '$Important'],
  )
  assert.equal(message!.envelope!.subject, 'Grüße')
  assert.deepEqual(message!.envelope!.from, [{ name: 'André', address: 'andre@example.org' }])
  assert.deepEqual(message!.envelope!.to, [
    { name: '', address: 'a@example.org', group: 'Team' },
    { name: '', address: 'b@example.org', group: 'Team' },
  ])
  assert.equal(message!.envelope!.date?.toISOString(), '2026-11-03T09:00:00.000Z')
  assert.equal(message!.internalDate?.toISOString(), '2026-11-03T09:00:00.000Z')
  assert.equal(message!.size, raw.length)
  assert.equal(typeof message!.modseq, 'bigint')
  assert.equal(message!.preview, 'hello')
  assert.equal(Buffer.from(message!.bodies.get('1')!).toString(), 'hello')
  assert.match(Buffer.from(message!.bodies.get('2.MIME')!).toString(), /^Content-Type: application\/pdf/)
  assert.match(Buffer.from(message!.bodies.get('HEADER.FIELDS (SUBJECT)')!).toString(), /^Subject: /)
  await imap.delete('Facts')
})

test('folders: made, renamed, listed with their use and numbers, subscribed to, gone', async () => {
  await using imap = await open()
  const id = await imap.id({ name: 'email-server', version: '1' })
  assert.equal(id.name, 'Dovecot')
  assert.deepEqual((await imap.namespace()).personal, [{ prefix: '', delimiter: '/' }])
  await imap.create('Entwürfe & Pläne/Größe')
  await imap.rename('Entwürfe & Pläne/Größe', 'Entwürfe & Pläne/日本語')
  await imap.subscribe('Entwürfe & Pläne/日本語')
  const listed = await imap.list('', '*')
  assert.ok(listed.some(({ name }) => name === 'Entwürfe & Pläne/日本語'))
  assert.equal(listed.find(({ name }) => name === 'Trash')?.specialUse, 'Trash')
  const subscribed = await imap.listExtended({ selection: ['SUBSCRIBED'], return: ['CHILDREN', 'STATUS'] })
  assert.deepEqual(
    subscribed.map(({ name, status }) => [name, status?.messages]),
    [['Entwürfe & Pläne/日本語', 0]],
  )
  assert.equal((await imap.lsub('', '*')).length, 1)
  const status = await imap.status('INBOX', ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'HIGHESTMODSEQ', 'SIZE'])
  assert.equal(status.messages, LETTERS.length)
  assert.equal(typeof status.highestModseq, 'bigint')
  await imap.unsubscribe('Entwürfe & Pläne/日本語')
  await imap.delete('Entwürfe & Pläne/日本語')
  await assert.rejects(imap.select('Entwürfe & Pläne/日本語'), { code: 'ECOMMAND' })
  const { roots, quotas } = await imap.getQuotaRoot('INBOX')
  assert.deepEqual(roots, ['User quota'])
  assert.equal(quotas[0]!.resources.find(({ name }) => name === 'STORAGE')?.limit, 100 * 1024 * 1024)
  await imap.setMetadata('INBOX', { '/private/comment': 'höchst privat' })
  const { entries } = await imap.getMetadata('INBOX', ['/private/comment', '/private/nothing'])
  assert.equal(Buffer.from(entries['/private/comment']!).toString(), 'höchst privat')
  assert.equal(entries['/private/nothing'], null)
})

test('searches, sorts and threads', async () => {
  await using imap = await open()
  await imap.create('Search')
  const say = (subject: string, more = '', text = 'text'): Buffer =>
    Buffer.from(
      `From: ${subject}@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n${more}\r\n${text}\r\n`,
    )
  await imap.append('Search', say('beta', '', 'Straße'), ['Flagged'])
  await imap.append('Search', say('alpha', 'In-Reply-To: <beta@example.org>\r\n'))
  await imap.append('Search', say('gamma'), ['Seen', 'Work'])
  await imap.select('Search')
  assert.deepEqual(await imap.search({ seen: false }), [1, 2])
  assert.deepEqual(await imap.search({ or: [{ flagged: true }, { keyword: 'Work' }] }), [1, 3])
  assert.deepEqual(await imap.search({ body: 'Straße' }), [1])
  assert.deepEqual(await imap.search({ not: { subject: 'alpha' }, uid: '2:*' }), [3])
  assert.deepEqual(await imap.search('UNSEEN SUBJECT "alpha"'), [2])
  assert.deepEqual(await imap.search({ since: new Date(), header: { 'In-Reply-To': true } }), [2])
  assert.deepEqual(await imap.esearch({ all: true }, { return: ['MIN', 'MAX', 'COUNT'] }), {
    min: 1,
    max: 3,
    count: 3,
  })
  assert.deepEqual(await imap.sort(['SUBJECT'], 'UTF-8', { all: true }), [2, 1, 3])
  assert.deepEqual(await imap.sort('-SUBJECT', 'UTF-8', 'ALL'), [3, 1, 2])
  const threads = await imap.thread('REFERENCES', 'UTF-8', { all: true })
  assert.deepEqual(threads, [
    { uid: 1, children: [{ uid: 2, children: [] }] },
    { uid: 3, children: [] },
  ])
  await imap.unselect()
  await imap.delete('Search')
})

test('flags, copies, moves, removes, and knows when somebody else was faster', async () => {
  await using imap = await open()
  await imap.create('Work')
  await imap.create('Done')
  for (let i = 0; i < 5; i++) await imap.append('Work', Buffer.from(`Subject: ${i}\r\n\r\n`))
  await imap.select('Work')
  const { messages } = await imap.store('1:2', ['Flagged', 'Custom'], '+')
  assert.deepEqual(
    messages.map(({ uid, flags }) => [uid, flags!.includes('Flagged'), flags!.includes('Custom')]),
    [
      [1, true, true],
      [2, true, true],
    ],
  )
  const { modified } = await imap.store('1:3', 'Seen', '+', { unchangedSince: 1n })
  assert.deepEqual(modified, [1, 2, 3])
  const copied = await imap.copy([1, 3], 'Done')
  assert.deepEqual(copied?.sources, [1, 3])
  const moved = await imap.move([4, 5], 'Done')
  assert.deepEqual(moved?.sources, [4, 5])
  assert.equal((await imap.status('Done')).messages, 4)
  await imap.store(1, 'Deleted', '+')
  await imap.store(2, 'Deleted', '+')
  await imap.uidExpunge(1)
  assert.deepEqual(await imap.search({ all: true }), [2, 3])
  await imap.expunge()
  assert.deepEqual(await imap.search({ all: true }), [3])
  const placed = await imap.replace(3, 'Work', Buffer.from('Subject: new\r\n\r\n'), ['Seen'])
  assert.deepEqual(await imap.search({ all: true }), [placed!.uid])
  const several = await imap.appendAll('Work', [
    { content: 'Subject: a\r\n\r\n' },
    { content: 'Subject: b\r\n\r\n' },
  ])
  assert.deepEqual(await imap.search({ subject: 'b' }), [several[1]!.uid])
  await imap.close()
  await imap.delete('Work')
  await imap.delete('Done')
})

test('a stream of known size is appended without being held, and one that lies about it ends the connection', async () => {
  await using imap = await open({ reconnect: false })
  const piece = Buffer.from(`${'x'.repeat(998)}\r\n`)
  async function* source(count: number): AsyncGenerator<Uint8Array> {
    yield Buffer.from('Subject: long\r\n\r\n')
    for (let i = 0; i < count; i++) yield piece
  }
  const size = 17 + 5000 * piece.length
  const placed = await imap.append('Sent', { size, stream: source(5000) })
  await imap.select('Sent')
  assert.equal((await imap.fetch(placed!.uid, { size: true }))[0]!.size, size)
  await assert.rejects(imap.append('Sent', { size: 40, stream: source(1) }), { code: 'ESTREAM' })
})

test('hears what another client does, and catches up by QRESYNC after the connection was cut', async () => {
  await using imap = await open({ reconnect: { minDelay: 10 } })
  await using other = await open()
  await imap.create('Watched')
  for (const subject of ['a', 'b', 'c'])
    await other.append('Watched', Buffer.from(`Subject: ${subject}\r\n\r\n`))
  const seen: MailboxChange[] = []
  const until = async (...tests: ((change: MailboxChange) => boolean)[]): Promise<void> => {
    const missing = (): number => tests.findIndex(test => !seen.some(test))
    for (let i = 0; i < 400 && missing() >= 0; i++) await wait(25)
    assert.equal(missing(), -1, `nothing of the kind in ${inspect(seen)}`)
    seen.length = 0
  }
  const watching = (async () => {
    for await (const change of imap.changes('Watched')) seen.push(change)
  })()
  for (let i = 0; i < 400 && imap.mailbox?.name !== 'Watched'; i++) await wait(25)
  await imap.noop()
  await other.select('Watched')
  await other.append('Watched', Buffer.from('Subject: d\r\n\r\n'))
  await until(change => change.kind === 'exists' && change.total === 4)
  await other.store(2, 'Flagged', '+')
  await until(change => change.kind === 'flags' && change.uid === 2 && change.flags.includes('Flagged'))
  imap.session!.destroy()
  await other.store(1, 'Deleted', '+')
  await other.expunge()
  await other.store(3, 'Answered', '+')
  await other.append('Watched', Buffer.from('Subject: e\r\n\r\n'))
  await until(
    change => change.kind === 'vanished' && change.uids.some(([first]) => first === 1),
    change => change.kind === 'flags' && change.uid === 3 && change.flags.includes('Answered'),
    change => change.kind === 'exists' && change.total === 4,
  )
  await other.unselect()
  await imap.logout()
  await watching
})

// One message all the way through `npm start` with the clients from npm: nodemailer delivers, imapflow reads.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALICE, BOB, type Host, PASSWORD, startHost } from '../support/host.ts'
import { LineClient } from '../support/line-client.ts'
import { carries, idOf, MESSAGES, UNFINISHED, withFinalNewline } from '../support/messages.ts'
import { imapflowOpens, imapflowReads, nodemailerSends, type Submission } from '../support/npm-clients.ts'

let host: Host
before(async () => {
  host = await startHost()
})
after(() => host[Symbol.asyncDispose]())

function assertCarried(stored: readonly Buffer[], id: string, sent: Buffer, times = 1): void {
  const found = stored.filter(raw => idOf(raw) === id)
  assert.equal(found.length, times, `${id} is there ${found.length} times`)
  for (const raw of found) assert.ok(carries(raw, sent), `${id} is not what was sent`)
}

const WAYS: Record<string, { port: 'inbound' | 'submission' | 'submissions'; submission: Submission }> = {
  'the inbound port': { port: 'inbound', submission: {} },
  'submission in clear on loopback': { port: 'submission', submission: { user: ALICE } },
  'submission with STARTTLS': { port: 'submission', submission: { user: ALICE, requireTls: true } },
  'submission with implicit TLS': { port: 'submissions', submission: { user: ALICE, secure: true } },
}

let deliveries = 0
for (const [way, { port, submission }] of Object.entries(WAYS)) {
  test(`nodemailer delivers over ${way}, and imapflow reads every message byte for byte`, async () => {
    await nodemailerSends(host.ports[port], [...MESSAGES.values(), UNFINISHED], submission)
    deliveries++
    const stored = await imapflowReads(host.ports.imap, BOB)
    for (const [id, sent] of MESSAGES) assertCarried(stored, id, sent, deliveries)
    assertCarried(stored, 'unfinished', withFinalNewline(UNFINISHED), deliveries)
  })
}

test('imapflow reads the same over implicit TLS', async () => {
  const [clear, secured] = [
    await imapflowReads(host.ports.imap, BOB),
    await imapflowReads(host.ports.imaps, BOB, { secure: true }),
  ]
  assert.ok(clear.length > 0)
  assert.deepEqual(secured.map(idOf), clear.map(idOf))
  assert.ok(clear.every((raw, i) => raw.equals(secured[i]!)))
})

test('a message put there by APPEND has no byte more or less, with or without an end of its last line', async () => {
  await using opened = await imapflowOpens(host.ports.imap, ALICE)
  const { client } = opened
  await client.mailboxCreate('Byte for byte')
  const messages = [...MESSAGES.values(), UNFINISHED]
  for (const raw of messages) await client.append('Byte for byte', raw, ['\\Seen'])
  const stored = await imapflowReads(host.ports.imap, ALICE, { folder: 'Byte for byte' })
  assert.equal(stored.length, messages.length)
  for (const [i, raw] of messages.entries()) assert.ok(stored[i]!.equals(raw), `message ${i + 1} differs`)
})

test('flags that one client sets are seen by another, at once and by one that comes later', async () => {
  await using first = await imapflowOpens(host.ports.imap, ALICE)
  await using second = await imapflowOpens(host.ports.imaps, ALICE, { secure: true })
  const lock = await first.client.getMailboxLock('INBOX')
  await second.client.mailboxOpen('INBOX')
  const { uid } = (await first.client.fetchOne('1', { uid: true })) as { uid: number }
  const told = new Promise<Set<string>>(resolve => {
    second.client.on('flags', ({ flags }: { flags: Set<string> }) => resolve(flags))
  })
  await first.client.messageFlagsAdd(String(uid), ['\\Flagged', '$Important'], { uid: true })
  await second.client.noop()
  const flags = await told
  assert.ok(flags.has('\\Flagged') && flags.has('$Important'), [...flags].join(' '))

  await first.client.messageFlagsRemove(String(uid), ['$Important'], { uid: true })
  lock.release()
  await using third = await imapflowOpens(host.ports.imap, ALICE)
  await third.client.mailboxOpen('INBOX')
  const seen = (await third.client.fetchOne(String(uid), { flags: true }, { uid: true })) as {
    flags: Set<string>
  }
  assert.ok(seen.flags.has('\\Flagged') && !seen.flags.has('$Important'), [...seen.flags].join(' '))
})

test('a client in IDLE hears of new mail within 100 ms', async () => {
  await using idler = await LineClient.open(host.ports.imap)
  await idler.expect(/^\* OK .*\r\n/)
  idler.send(`a LOGIN ${BOB} ${PASSWORD}\r\nb SELECT INBOX\r\n`)
  await idler.expect(/^b OK .*\r\n/m)
  idler.send('c IDLE\r\n')
  await idler.expect(/^\+ .*\r\n/m)
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const heard = idler.expect(/^\* \d+ EXISTS\r\n/m).then(() => performance.now())
    await nodemailerSends(host.ports.inbound, [MESSAGES.get('plain')!])
    const answered = performance.now()
    times.push((await heard) - answered)
  }
  idler.send('DONE\r\n')
  await idler.expect(/^c OK .*\r\n/m)
  const median = times.sort((a, b) => a - b)[2]!
  assert.ok(median < 100, `heard after ${times.map(Math.round).join(', ')} ms`)
})

test('mail for another domain stays here and is not lost', async () => {
  const far = 'carol@elsewhere.example'
  await nodemailerSends(host.ports.submission, [MESSAGES.get('plain')!], { user: ALICE }, far)
  const stored = await imapflowReads(host.ports.imap, ALICE, { folder: 'Outbox' })
  assertCarried(stored, 'plain', MESSAGES.get('plain')!)
})

test('the inbound port is no relay: it takes no mail for other domains', async () => {
  const far = 'carol@elsewhere.example'
  await assert.rejects(nodemailerSends(host.ports.inbound, [MESSAGES.get('plain')!], {}, far), /5\d\d/)
})

test('a wrong password is refused by every protocol, and the right one after it is taken', async () => {
  await assert.rejects(
    nodemailerSends(host.ports.submission, [UNFINISHED], { user: 'nobody@example.test' }),
    {
      code: 'EAUTH',
    },
  )
  await using imap = await LineClient.open(host.ports.imap)
  imap.send(`a LOGIN ${BOB} wrong\r\nb LOGIN ${BOB} ${PASSWORD}\r\n`)
  await imap.expect(/^a NO [^\r]*\r\n(?:\* .*\r\n)*b OK /m)
  await using pop3 = await LineClient.open(host.ports.pop3)
  pop3.send(`USER ${BOB}\r\nPASS wrong\r\nUSER ${BOB}\r\nPASS ${PASSWORD}\r\n`)
  await pop3.expect(/^-ERR[^\r]*\r\n\+OK[^\r]*\r\n\+OK/m)
})

// Mail that nodemailer has signed, taken in over real sockets by a server that checks it, with the DNS of a made-up world.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createServer, type MailAuth, type Server } from 'email-server'
import { Zones } from 'email-server/testing'
import { authenticate } from 'mailauth'
import { createTransport } from 'nodemailer'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const zones = new Zones().add(`
  sender.example                TXT  "v=spf1 ip4:127.0.0.1 -all"
  _dmarc.sender.example         TXT  "v=DMARC1; p=quarantine"
  s1._domainkey.sender.example  TXT  "v=DKIM1; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}"
  127.0.0.1                     PTR  mx.sender.example
  mx.sender.example             A    127.0.0.1
`)

interface Taken {
  readonly auth: MailAuth
  readonly told: string
  readonly raw: Buffer
}

let server: Server
const taken: Taken[] = []

before(async () => {
  server = createServer({
    hostname: 'mx.example.test',
    host: '127.0.0.1',
    ports: { inbound: 0 },
    mailAuth: { skip: [] },
    resolver: { resolve: async (name, type) => zones.answer(name, type) },
  })
  server.addDomain('example.test')
  server.on('smtpSession', session => {
    session.on('mail', mail => {
      taken.push({ auth: mail.auth, told: mail.authenticationResults, raw: Buffer.from(mail.rawBytes) })
      mail.accept()
    })
  })
  await server.listen()
})
after(() => server.close())

async function send(from: string, sign: boolean, size = 0): Promise<Taken> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: server.ports.inbound!,
    name: 'mx.sender.example',
    ignoreTLS: true,
    ...(sign && {
      dkim: {
        domainName: 'sender.example',
        keySelector: 's1',
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      },
    }),
  })
  const attachments = size === 0 ? [] : [{ filename: 'a.bin', content: Buffer.alloc(size, 'xyz') }]
  await transport.sendMail({ from, to: 'bob@example.test', subject: 'Grüße', text: '.\nhi\n', attachments })
  transport.close()
  return taken.at(-1)!
}

const words = ({ dkim, spf, dmarc, rdns, dmarcPolicy }: MailAuth): string =>
  `dkim=${dkim} spf=${spf} dmarc=${dmarc} rdns=${rdns} ${dmarcPolicy}`

// three megabytes go through the spool
for (const size of [0, 3_000_000]) {
  test(`what nodemailer signs passes (attachment of ${size} octets)`, async () => {
    const { auth, told } = await send('alice@sender.example', true, size)
    assert.equal(words(auth), 'dkim=pass spf=pass dmarc=pass rdns=pass quarantine')
    assert.match(told, /dkim=pass[\s\S]*header\.d=sender\.example/)
  })
}

test('without a signature SPF carries it; in the name of another nobody does', async () => {
  const own = await send('alice@sender.example', false)
  assert.equal(words(own.auth), 'dkim=none spf=pass dmarc=pass rdns=pass quarantine')
  const other = await send('alice@nobody.example', true)
  assert.equal(words(other.auth), 'dkim=pass spf=none dmarc=none rdns=pass null')
})

test('what goes on, with our fields in front, still verifies for mailauth', async () => {
  const { raw } = await send('alice@sender.example', true)
  const { dkim, dmarc } = await authenticate(raw, {
    ip: '127.0.0.1',
    helo: 'mx.sender.example',
    sender: 'alice@sender.example',
    mta: 'mx.example.test',
    disableArc: true,
    disableBimi: true,
    resolver: async (name: string, type: string) => {
      const answer = zones.answer(name, type as 'TXT')
      if (!answer.ok) throw Object.assign(new Error(name), { code: 'ENOTFOUND' })
      return answer.records.map(({ value }) => (type === 'TXT' ? [value] : value)) as string[][]
    },
  })
  assert.equal(dkim.results[0]?.status.result, 'pass')
  assert.ok(dmarc)
  assert.equal(dmarc.status.result, 'pass')
})

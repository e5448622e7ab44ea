// Mail for other domains is not taken on inbound, whatever the address pretends (threats: open relay forms).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SmtpServerSession } from '../../src/smtp/index.ts'
import { SessionDriver } from '../../src/testing/index.ts'
import { harness, NOON } from '../smtp/support.ts'

const FOREIGN = [
  '<victim@elsewhere.example>',
  '<victim%elsewhere.example@relay.example>',
  '<@example.test:victim@elsewhere.example>',
  '<@example.test,@example.test:victim@elsewhere.example>',
  '<"victim@elsewhere.example"@relay.example>',
  '<"bob@example.test"@elsewhere.example>',
  '<bob@example.test.elsewhere.example>',
  '<victim@notexample.test>',
  '<victim@[192.0.2.1]>',
  '<victim@[127.0.0.1]>',
  '<victim@localhost>',
  '<victim@mx.example.test>',
]
for (const path of FOREIGN) {
  test(`open relay: RCPT TO:${path} is refused`, async () => {
    const h = harness()
    await h.say('EHLO x', 'MAIL FROM:<a@example.test>')
    assert.equal(await h.say(`RCPT TO:${path}`), '550 5.7.1 No mail is relayed here\r\n')
  })
}

for (const path of [
  '<victim@elsewhere.example@example.test>',
  '<victim@example.test.>',
  '<elsewhere.example!victim>',
  '<victim@>',
  '<@example.test>',
  '<victim@elsewhere.example>@example.test',
  '<victim@example.test\u0000.elsewhere.example>',
]) {
  test(`open relay: RCPT TO:${JSON.stringify(path)} is no address`, async () => {
    const h = harness()
    await h.say('EHLO x', 'MAIL FROM:<a@example.test>')
    assert.match(await h.say(`RCPT TO:${path}`), /^50[01] /)
  })
}

test('open relay: local parts that look like routes stay in our domain', async () => {
  const h = harness()
  await h.say('EHLO x', 'MAIL FROM:<>')
  for (const path of ['<victim%elsewhere.example@example.test>', '<elsewhere.example!victim@example.test>']) {
    assert.match(await h.say(`RCPT TO:${path}`), /^250 /)
  }
  await h.say('DATA', '.')
  assert.deepEqual(h.taken[0]?.to, [
    'victim%elsewhere.example@example.test',
    'elsewhere.example!victim@example.test',
  ])
})

test('open relay: without isLocalDomain no domain is ours', async () => {
  const session = new SmtpServerSession({ role: 'inbound', now: NOON })
  const driver = new SessionDriver(session, { now: NOON })
  driver.greet()
  await driver.exchange('EHLO x\r\nMAIL FROM:<>\r\n')
  assert.match(await driver.exchange('RCPT TO:<bob@localhost>\r\n'), /^550 5\.7\.1 /)
})

test('open relay: submission without a login takes nothing', async () => {
  const h = harness({ role: 'submission', allowInsecureAuth: true })
  await h.say('EHLO x')
  assert.equal(await h.say('MAIL FROM:<a@example.test>'), '530 5.7.0 Authentication required\r\n')
  assert.match(await h.say('RCPT TO:<bob@example.test>'), /^503 /)
})

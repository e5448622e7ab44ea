// What becomes of a message recipient by recipient: LMTP (RFC 2033) tells of each, SMTP folds them into one reply.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IncomingMail, UndeliveredRecipient } from '../../src/smtp/index.ts'
import { VIRTUAL_TLS } from '../../src/testing/index.ts'
import { type Harness, type HarnessOptions, harness } from './support.ts'

const NAMES = ['a', 'b', 'c']

async function atDataFor(options: HarnessOptions, names: readonly string[] = NAMES): Promise<Harness> {
  const h = harness(options)
  await h.say(
    options.role === 'lmtp' ? 'LHLO queue.example' : 'EHLO client.example',
    'MAIL FROM:<s@x.example>',
    ...names.map(name => `RCPT TO:<${name}@example.test>`),
    'DATA',
  )
  return h
}

test('lmtp: a reply leaves as soon as it and all before it are known (RFC 2033 §5)', async () => {
  let mail!: IncomingMail
  const h = await atDataFor({ role: 'lmtp', onMail: given => (mail = given) })
  assert.equal(await h.say('x', '.'), '')
  const heard = async (): Promise<string> => {
    await h.driver.settle()
    return h.driver.takeText()
  }
  mail.recipients[1]!.accept()
  assert.equal(await heard(), '')
  mail.recipients[0]!.reject(452, 'is temporarily over quota')
  assert.equal(
    await heard(),
    '452 4.2.2 <a@example.test> is temporarily over quota\r\n250 2.0.0 <b@example.test> OK, taken as 0707070707070707.1\r\n',
  )
  mail.recipients[2]!.accept()
  assert.match(await heard(), /^250 2\.0\.0 <c@example\.test> /)
  assert.match(await h.say('NOOP'), /^250 /)
  assert.deepEqual(h.failures, [])
})

test('lmtp: accept and reject of the whole message speak for those who are not answered for', async () => {
  const h = await atDataFor({
    role: 'lmtp',
    onMail: mail => {
      mail.recipients[1]!.reject()
      mail.accept()
    },
  })
  const said = (await h.say('x', '.')).split('\r\n')
  assert.match(said[0]!, /^250 2\.0\.0 <a@/)
  assert.equal(said[1], '550 5.1.1 <b@example.test> Recipient refused')
  assert.match(said[2]!, /^250 2\.0\.0 <c@/)
  assert.deepEqual(h.failures, [])
})

test('lmtp: a listener that throws, or never answers, is answered for with 451 for those that are left', async () => {
  for (const fails of [true, false]) {
    const h = await atDataFor({
      role: 'lmtp',
      limits: { mailHandlerTime: 5000 },
      onMail: mail => {
        mail.recipients[0]!.accept()
        if (fails) throw new Error('boom')
      },
    })
    let said = await h.say('x', '.')
    await h.driver.advance(5000)
    said += h.driver.takeText()
    assert.match(said, /^250 [^\r]*\r\n451 4\.3\.0 <b@[^\r]*\r\n451 4\.3\.0 <c@[^\r]*\r\n$/)
    assert.match(h.failures.join(), fails ? /boom/ : /5000 ms/)
  }
})

test('lmtp: the second answer for one recipient is logged, the first counts', async () => {
  const h = await atDataFor({
    role: 'lmtp',
    onMail: mail => {
      mail.recipients[0]!.accept()
      mail.recipients[0]!.reject()
      mail.accept()
    },
  })
  assert.match(await h.say('x', '.'), /^250 [^\r]*\r\n250 [^\r]*\r\n250 [^\r]*\r\n$/)
  assert.match(h.failures.join(), /more than once/)
})

test('lmtp: what a listener says when the connection is gone is nothing', async () => {
  let mail!: IncomingMail
  const h = await atDataFor({ role: 'lmtp', onMail: given => (mail = given) })
  await h.say('x', '.')
  mail.recipients[0]!.accept()
  h.driver.destroy()
  mail.accept()
  await h.driver.settle()
  assert.equal(h.session.deadline(), null)
  assert.deepEqual(h.failures, [])
})

test('lmtp: an address beyond ASCII is named in its reply, when the message is SMTPUTF8', async () => {
  const h = harness({ role: 'lmtp', isLocalDomain: () => true })
  await h.say('LHLO q', 'MAIL FROM:<> SMTPUTF8', 'RCPT TO:<zoë@bücher.example>', 'DATA')
  assert.match(await h.say('x', '.'), /^250 2\.0\.0 <zoë@bücher\.example> OK/)
})

for (const [options, params, expected] of [
  [{}, '', 'LMTP'],
  [{ tls: VIRTUAL_TLS }, '', 'LMTPS'],
  [{}, ' SMTPUTF8', 'UTF8LMTP'],
  [{ tls: VIRTUAL_TLS }, ' SMTPUTF8', 'UTF8LMTPS'],
] as const) {
  test(`lmtp: the trace field says ${expected} (RFC 3848, RFC 6531 §4.3)`, async () => {
    const h = harness({ role: 'lmtp', ...options })
    await h.say(
      'LHLO q',
      `MAIL FROM:<>${params}`,
      'RCPT TO:<a@example.test>',
      'RCPT TO:<b@example.test>',
      'DATA',
    )
    await h.say('x', '.')
    const raw = h.taken[0]!.raw
    assert.match(raw, new RegExp(`\\tby mx\\.example\\.test with ${expected} id [0-9.]+[;\\r]`))
    // more than one recipient: none is named (RFC 5321 §7.2)
    assert.doesNotMatch(raw, /for </)
  })
}

const FOLDS: readonly (readonly [name: string, answers: readonly (number | null)[], expected: RegExp])[] = [
  ['taken for all', [250, 250, 250], /^250 2\.0\.0 /],
  ['taken for one', [550, 452, 250], /^250 2\.0\.0 /],
  ['refused for all, for one of them only now', [550, 452, 550], /^452 4\.2\.2 /],
  ['refused for all', [552, 550, 553], /^552 5\.2\.2 /],
]
for (const [name, answers, expected] of FOLDS) {
  test(`smtp: a message ${name} has one reply, and those who do not get it are named when it is 250`, async () => {
    const told: (readonly UndeliveredRecipient[])[] = []
    const h = await atDataFor({
      onMail: mail => {
        for (const [i, code] of answers.entries()) {
          if (code === 250) mail.recipients[i]!.accept()
          else mail.recipients[i]!.reject(code ?? undefined)
        }
      },
    })
    h.session.on('undelivered', (mail, recipients) => {
      assert.equal(mail.from, 's@x.example')
      told.push(recipients)
    })
    const said = await h.say('x', '.')
    assert.match(said, expected)
    assert.equal(said.split('\r\n').length, 2)
    const lost = answers.flatMap((code, i) => (code === 250 ? [] : [`${NAMES[i]}@example.test ${code}`]))
    const expectTold = expected.source.includes('250') && lost.length > 0
    assert.deepEqual(
      told.map(recipients => recipients.map(({ address, code }) => `${address} ${code}`)),
      expectTold ? [lost] : [],
    )
    assert.deepEqual(h.failures, [])
  })
}

test('smtp: somebody who does not get a message that was taken is logged when nobody listens', async () => {
  const h = await atDataFor({
    onMail: mail => {
      mail.recipients[0]!.reject(550, '5.2.1 Closed')
      mail.accept()
    },
  })
  assert.match(await h.say('x', '.'), /^250 /)
  assert.match(h.failures.join(), /undelivered.*1 recipients/)
})

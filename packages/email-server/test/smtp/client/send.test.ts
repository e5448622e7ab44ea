import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailError } from '../../../src/index.ts'
import type { SmtpSendParams, SmtpSendResult, SmtpTransaction } from '../../../src/smtp/index.ts'
import { VIRTUAL_TLS } from '../../../src/testing/index.ts'
import { type ClientHarness, failure, LETTER, ready } from './support.ts'

const ONE = { from: 'a@x.example', to: ['b@y.example'], content: LETTER }
const TWO = { ...ONE, to: ['b@y.example', 'c@y.example'] }
const TEXT = Buffer.from(LETTER).toString('latin1')

/** Begins to send; what the client says first. */
async function begin(
  h: ClientHarness,
  transaction: SmtpTransaction,
): Promise<{ said: string; done: Promise<SmtpSendResult> }> {
  const done = h.session.send(transaction)
  done.catch(() => {})
  await h.driver.settle()
  return { said: h.driver.takeText(), done }
}

test('one command at a time where the server has no PIPELINING', async () => {
  const h = await ready()
  const { said, done } = await begin(h, TWO)
  assert.equal(said, 'MAIL FROM:<a@x.example>\r\n')
  assert.equal(await h.hear('250 2.1.0 ok'), 'RCPT TO:<b@y.example>\r\n')
  assert.equal(await h.hear('250 2.1.5 b'), 'RCPT TO:<c@y.example>\r\n')
  assert.equal(await h.hear('550 5.1.1 no c'), 'DATA\r\n')
  assert.equal(await h.hear('354 go'), `${TEXT}.\r\n`)
  await h.hear('250 2.0.0 queued as 17')
  const result = await done
  assert.deepEqual(result.accepted, [{ address: 'b@y.example', response: '250 2.1.5 b' }])
  assert.equal(result.response, '250 2.0.0 queued as 17')
  assert.equal(result.bytes, LETTER.length)
  const { address, error } = result.rejected[0]!
  assert.equal(address, 'c@y.example')
  assert.deepEqual(
    { ...error },
    {
      ...error,
      code: 'EENVELOPE',
      command: 'RCPT TO',
      recipient: 'c@y.example',
      response: '550 5.1.1 no c',
      responseCode: 550,
      enhancedCode: '5.1.1',
      permanent: true,
    },
  )
  assert.equal(h.session.state, 'ready')
})

test('pipelining: the envelope in one write, the content behind 354', async () => {
  const h = await ready(['PIPELINING', 'SIZE 1000'])
  const { said, done } = await begin(h, TWO)
  assert.equal(
    said,
    `MAIL FROM:<a@x.example> SIZE=${LETTER.length}\r\nRCPT TO:<b@y.example>\r\nRCPT TO:<c@y.example>\r\nDATA\r\n`,
  )
  assert.equal(await h.hear('250 a', '250 b'), '')
  assert.equal(await h.hear('251 c', '354 go'), `${TEXT}.\r\n`)
  await h.hear('250 ok')
  assert.equal((await done).accepted.length, 2)
})

test('pipelining: when all recipients are refused and DATA is not, a single dot is sent (RFC 2920 §3.1)', async () => {
  const h = await ready(['PIPELINING'])
  const { done } = await begin(h, TWO)
  const next = await begin(h, ONE)
  assert.equal(next.said, '')
  assert.equal(await h.hear('250 a', '550 5.1.1 b', '450 4.2.1 c', '354 go'), '.\r\n')
  const error = (await failure(done)) as unknown as MailError
  assert.equal(error.code, 'EENVELOPE')
  assert.equal(error.permanent, false)
  assert.deepEqual(
    error.rejected?.map(({ recipient, responseCode, permanent }) => [recipient, responseCode, permanent]),
    [
      ['b@y.example', 550, true],
      ['c@y.example', 450, false],
    ],
  )
  assert.match(await h.hear('554 no recipients'), /^MAIL FROM/)
})

test('pipelining: when all recipients and DATA are refused, RSET comes before the next transaction', async () => {
  const h = await ready(['PIPELINING'])
  const { done } = await begin(h, ONE)
  await begin(h, ONE)
  assert.equal(await h.hear('250 a', '550 b', '503 no recipients'), 'RSET\r\n')
  assert.equal((await failure(done))['responseCode'], 550)
  assert.match(await h.hear('250 reset'), /^MAIL FROM/)
})

test('a sender that is refused takes the whole envelope with it', async () => {
  for (const dataReply of ['503 what?', '354 go']) {
    const h = await ready(['PIPELINING'])
    const { done } = await begin(h, TWO)
    const said = await h.hear('550 5.7.1 not you', '503 b', '503 c', dataReply)
    assert.equal(said, dataReply.startsWith('354') ? '.\r\n' : 'RSET\r\n')
    const error = await failure(done)
    assert.equal(error['code'], 'EENVELOPE')
    assert.equal(error['command'], 'MAIL FROM')
    assert.equal(error['enhancedCode'], '5.7.1')
  }
  const slow = await ready()
  const { done } = await begin(slow, TWO)
  assert.equal(await slow.hear('451 later'), '')
  assert.equal((await failure(done))['permanent'], false)
  assert.equal(slow.session.state, 'ready')
})

test('552 for a recipient after others means that there are too many, which is temporary (RFC 5321 §4.5.3.1.10)', async () => {
  const h = await ready(['PIPELINING'])
  const { done } = await begin(h, { ...ONE, to: ['b@y.example', 'c@y.example', 'd@y.example'] })
  await h.hear('250 a', '250 b', '552 too many', '552 5.2.2 full', '354 go')
  await h.hear('250 ok')
  const { rejected } = await done
  assert.deepEqual(
    rejected.map(({ error }) => error.permanent),
    [false, true],
  )
})

test('DATA that is refused, and content that is refused, are EMESSAGE and leave the session usable', async () => {
  const h = await ready()
  const first = await begin(h, ONE)
  await h.hear('250 a')
  await h.hear('250 b')
  assert.equal(await h.hear('451 4.3.0 no disk'), 'RSET\r\n')
  const refused = await failure(first.done)
  assert.equal(refused['code'], 'EMESSAGE')
  assert.equal(refused['command'], 'DATA')
  assert.equal(refused['permanent'], false)
  await h.hear('250 reset')
  const second = await begin(h, ONE)
  await h.hear('250 a')
  await h.hear('250 b')
  await h.hear('354 go')
  await h.hear('554-5.7.1 spam', '554 5.7.1 see the page')
  const error = await failure(second.done)
  assert.equal(error['code'], 'EMESSAGE')
  assert.equal(error['response'], '554-5.7.1 spam\n554 5.7.1 see the page')
  assert.equal(error['permanent'], true)
  assert.equal(error['ambiguous'], undefined)
  assert.equal(h.session.state, 'ready')
})

test('chunking: envelope, then one BDAT for a message whose length is known (RFC 3030)', async () => {
  const h = await ready(['PIPELINING', 'CHUNKING'])
  const { said, done } = await begin(h, ONE)
  assert.equal(said, 'MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n')
  assert.equal(await h.hear('250 a', '250 b'), `BDAT ${LETTER.length} LAST\r\n${TEXT}`)
  await h.hear('250 ok')
  assert.equal((await done).bytes, LETTER.length)
  const refused = await begin(h, ONE)
  assert.equal(await h.hear('250 a', '550 b'), 'RSET\r\n')
  assert.equal((await failure(refused.done))['code'], 'EENVELOPE')
  await h.hear('250 reset')
  assert.equal(h.session.state, 'ready')
})

test('chunking: a chunk that is refused stops the rest, and RSET makes good (RFC 3030 §2)', async () => {
  const h = await ready(['PIPELINING', 'CHUNKING'])
  let asked = 0
  let released = false
  let open!: () => void
  const gate = new Promise<void>(resolve => {
    open = resolve
  })
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (; asked < 100; asked++) {
        yield Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(100))
        if (asked === 5) await gate
      }
    } finally {
      released = true
    }
  }
  const { done } = await begin(h, { ...ONE, content: source() })
  const text = await h.hear('250 a', '250 b')
  assert.match(text, /^BDAT 300000\r\n/)
  const chunks = text.match(/^BDAT /gm)!.length
  assert.equal(chunks, 2)
  assert.equal(await h.hear('552 5.3.4 too big'), '')
  open()
  const error = await failure(done)
  assert.equal(error['code'], 'EMESSAGE')
  assert.equal(error['command'], 'BDAT')
  assert.equal(asked, 6)
  assert.ok(released)
  await h.driver.settle()
  assert.equal(h.driver.takeText(), 'RSET\r\n')
  await h.hear('503 5.5.1 no transaction')
  assert.equal(h.session.state, 'busy')
  await h.hear('250 reset')
  assert.equal(h.session.state, 'ready')
})

test('chunking: binary content crosses unchanged; text is made text', async () => {
  const h = await ready(['PIPELINING', 'CHUNKING', 'BINARYMIME', '8BITMIME'])
  const content = Buffer.from('a\nb\r.\r\n\0\xff', 'latin1')
  const binary = await begin(h, { ...ONE, content, params: { body: 'BINARYMIME' } })
  assert.match(binary.said, / BODY=BINARYMIME\r\n/)
  h.driver.feed('250 a\r\n250 b\r\n')
  await h.driver.settle()
  assert.equal(
    Buffer.from(h.driver.take()).toString('latin1'),
    `BDAT 9 LAST\r\n${content.toString('latin1')}`,
  )
  await h.hear('250 ok')
  assert.equal((await binary.done).bytes, 9)
  await begin(h, { ...ONE, content: Buffer.from('a\n.\n') })
  assert.equal(await h.hear('250 a', '250 b'), 'BDAT 6 LAST\r\na\r\n.\r\n')
})

test('LMTP: each recipient has its own reply (RFC 2033 §4.2)', async () => {
  for (const chunked of [false, true]) {
    const h = await ready(['PIPELINING', ...(chunked ? ['CHUNKING'] : [])], { lmtp: true })
    const { done } = await begin(h, { ...ONE, to: ['a@y', 'b@y', 'c@y', 'd@y'] })
    if (chunked) await h.hear('250 m', '250 a', '550 b', '250 c', '250 d')
    else await h.hear('250 m', '250 a', '550 b', '250 c', '250 d', '354 go')
    await h.hear('250 2.1.5 a has it')
    assert.equal(h.session.state, 'busy')
    await h.hear('452 4.2.2 c is full', '250 2.1.5 d has it')
    const { accepted, rejected, response } = await done
    assert.deepEqual(accepted, [
      { address: 'a@y', response: '250 2.1.5 a has it' },
      { address: 'd@y', response: '250 2.1.5 d has it' },
    ])
    assert.deepEqual(
      rejected.map(({ address, error }) => [address, error.code, error.recipient, error.permanent]),
      [
        ['b@y', 'EENVELOPE', 'b@y', true],
        ['c@y', 'EMESSAGE', 'c@y', false],
      ],
    )
    assert.equal(response, '250 2.1.5 a has it')
  }
})

test('LMTP: who was told 250 has the message, though the connection is lost before the others are told', async () => {
  const h = await ready(['PIPELINING'], { lmtp: true })
  const { done } = await begin(h, { ...ONE, to: ['a@y', 'b@y'] })
  await h.hear('250 m', '250 a', '250 b', '354 go')
  h.driver.feed('250 a has it\r\n')
  h.driver.destroy()
  const { accepted, rejected } = await done
  assert.deepEqual(accepted, [{ address: 'a@y', response: '250 a has it' }])
  assert.equal(rejected[0]?.error.ambiguous, true)
  assert.equal(rejected[0]?.error.recipient, 'b@y')

  const none = await ready(['PIPELINING'], { lmtp: true })
  const lost = await begin(none, { ...ONE, to: ['a@y', 'b@y'] })
  await none.hear('250 m', '250 a', '250 b', '354 go')
  none.driver.destroy()
  const error = await failure(lost.done)
  assert.equal(error['ambiguous'], true)
  assert.equal((error['rejected'] as unknown[]).length, 2)
})

const PARAMS: readonly (readonly [
  offers: string,
  params: SmtpSendParams,
  said: string,
  recipient?: object,
])[] = [
  ['SIZE', { size: 7 }, ' SIZE=7'],
  ['', { size: 7 }, ''],
  ['8BITMIME', {}, ''],
  ['8BITMIME', { body: '8BITMIME' }, ' BODY=8BITMIME'],
  ['8BITMIME', { body: '7BIT' }, ''],
  ['SMTPUTF8', { smtputf8: true }, ' SMTPUTF8'],
  ['DSN', { ret: 'HDRS', envid: 'Q+Q 1=2' }, ' RET=HDRS ENVID=Q+2BQ+201+3D2'],
  ['', { ret: 'HDRS', envid: 'QQ' }, ''],
  ['AUTH PLAIN', { auth: 'e+v@x.example' }, ' AUTH=e+2Bv@x.example'],
  ['AUTH PLAIN', { auth: '' }, ' AUTH=<>'],
  ['', { auth: 'e@x.example' }, ''],
  ['FUTURERELEASE 1000 2027-01-01T00:00:00Z', { holdFor: 60 }, ' HOLDFOR=60'],
  [
    'FUTURERELEASE 1000 2027-01-01T00:00:00Z',
    { holdUntil: Date.UTC(2026, 11, 24, 18) },
    ' HOLDUNTIL=2026-12-24T18:00:00Z',
  ],
  ['DELIVERBY', { by: { seconds: 120, mode: 'R' } }, ' BY=120;R'],
  ['DELIVERBY', { by: { seconds: -5, mode: 'N', trace: true } }, ' BY=-5;NT'],
  ['MT-PRIORITY MIXER', { mtPriority: -3 }, ' MT-PRIORITY=-3'],
  ['', { mtPriority: 3 }, ''],
]
for (const [offers, params, said] of PARAMS) {
  test(`MAIL says${said || ' nothing'} for ${JSON.stringify(params)} to a server with ${offers || 'nothing'}`, async () => {
    const h = await ready(offers === '' ? [] : [offers])
    const { said: line } = await begin(h, { ...ONE, params })
    assert.equal(line, `MAIL FROM:<a@x.example>${said}\r\n`)
  })
}

test('REQUIRETLS needs TLS and the promise (RFC 8689 §4.2.1)', async () => {
  const params = { requiretls: true }
  const clear = await ready(['REQUIRETLS'])
  assert.equal((await failure(clear.session.send({ ...ONE, params })))['enhancedCode'], '5.7.10')
  const silent = await ready([], { tls: VIRTUAL_TLS })
  const error = await failure(silent.session.send({ ...ONE, params }))
  assert.equal(error['code'], 'EREQUIRETLS')
  assert.equal(error['enhancedCode'], '5.7.30')
  assert.equal(silent.driver.takeText(), '')
  const able = await ready(['REQUIRETLS'], { tls: VIRTUAL_TLS })
  assert.match((await begin(able, { ...ONE, params })).said, / REQUIRETLS\r\n$/)
})

test('RCPT says NOTIFY and ORCPT where the server has DSN', async () => {
  const to = [
    { address: 'b@y.example', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;b+c@y.example' },
  ] as const
  const able = await ready(['DSN', 'PIPELINING'])
  assert.match(
    (await begin(able, { ...ONE, to })).said,
    /\r\nRCPT TO:<b@y.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b\+2Bc@y.example\r\n/,
  )
  const plain = await ready(['PIPELINING'])
  assert.match((await begin(plain, { ...ONE, to })).said, /\r\nRCPT TO:<b@y.example>\r\n/)
})

const impossible: readonly (readonly [
  offers: readonly string[],
  change: Partial<SmtpTransaction>,
  code: string,
  enhanced: string,
])[] = [
  [['SIZE 10'], {}, 'EMESSAGE', '5.3.4'],
  [['SIZE 10'], { params: { size: 11 } }, 'EMESSAGE', '5.3.4'],
  [[], { content: Buffer.from('Subject: é\r\n') }, 'EMESSAGE', '5.6.3'],
  [[], { params: { body: '8BITMIME' } }, 'EMESSAGE', '5.6.3'],
  [['CHUNKING'], { params: { body: 'BINARYMIME' } }, 'EMESSAGE', '5.6.1'],
  [['BINARYMIME'], { params: { body: 'BINARYMIME' } }, 'EMESSAGE', '5.6.1'],
  [[], { params: { smtputf8: true } }, 'EMESSAGE', '5.6.7'],
  [[], { from: 'zoë@x.example' }, 'EENVELOPE', '5.6.7'],
  [[], { to: ['zoë@x.example'] }, 'EENVELOPE', '5.6.7'],
  [[], { params: { holdFor: 1 } }, 'EMESSAGE', '5.3.3'],
  [[], { params: { by: { seconds: 1, mode: 'R' } } }, 'EMESSAGE', '5.3.3'],
]
for (const [offers, change, code, enhanced] of impossible) {
  test(`${JSON.stringify(change)} cannot be sent to a server with ${JSON.stringify(offers)}, and nothing is said`, async () => {
    const h = await ready(offers)
    const error = await failure(h.session.send({ ...ONE, ...change }))
    assert.equal(error['code'], code)
    assert.equal(error['enhancedCode'], enhanced)
    assert.equal(error['permanent'], true)
    assert.equal(h.driver.takeText(), '')
    assert.equal(h.session.state, 'ready')
  })
}

test('a size that is the limit fits; SIZE 0 and SIZE alone are no limit (RFC 1870 §4)', async () => {
  for (const offer of [`SIZE ${LETTER.length}`, 'SIZE 0', 'SIZE', 'SIZE many']) {
    const h = await ready([offer])
    assert.match((await begin(h, ONE)).said, /^MAIL FROM/)
  }
})

test('a domain beyond ASCII is said in ASCII; a local part beyond ASCII needs SMTPUTF8 (RFC 6531)', async () => {
  const plain = await ready(['PIPELINING'])
  const said = await begin(plain, { ...ONE, to: ['zoë@y.example', 'b@bücher.example'] })
  assert.equal(said.said, 'MAIL FROM:<a@x.example>\r\nRCPT TO:<b@xn--bcher-kva.example>\r\nDATA\r\n')
  await plain.hear('250 a', '250 b', '354 go')
  await plain.hear('250 ok')
  const { accepted, rejected } = await said.done
  assert.deepEqual(accepted[0]?.address, 'b@bücher.example')
  assert.equal(rejected[0]?.error.enhancedCode, '5.6.7')
  assert.equal(rejected[0]?.address, 'zoë@y.example')

  const able = await ready(['PIPELINING', 'SMTPUTF8', '8BITMIME'])
  assert.match(
    (await begin(able, { ...ONE, to: ['zoë@y.example'] })).said,
    / SMTPUTF8\r\nRCPT TO:<zoë@y\.example>/,
  )
})

test('recipients beyond what the server takes at once are left for another transaction (RFC 9422)', async () => {
  const h = await ready(['PIPELINING', 'LIMITS RCPTMAX=1 MAILMAX=2'])
  const { said, done } = await begin(h, TWO)
  assert.doesNotMatch(said, /<c@/)
  await h.hear('250 a', '250 b', '354 go')
  await h.hear('250 ok')
  const { error } = (await done).rejected[0]!
  assert.equal(error.enhancedCode, '4.5.3')
  assert.equal(error.permanent, false)
  assert.equal(h.session.transactionsLeft, 1)
})

test('crlf-in-envelope: nothing that a caller gives can become protocol, and the error names the field', async () => {
  const cases: readonly (readonly [change: object, field: RegExp])[] = [
    [{ from: 'a@x.example>\r\nRCPT TO:<evil@z.example' }, /^from/],
    [{ from: 'a@x.example> SIZE=1' }, /^from/],
    [{ from: 'a@x\0.example' }, /^from/],
    [{ from: null }, /^from/],
    [{ to: [] }, /^to/],
    [{ to: 'b@y.example' }, /^to/],
    [{ to: ['b@y.example', 'c@y.example>\nDATA'] }, /^to\[1\]/],
    [{ to: ['b@y.example> NOTIFY=NEVER'] }, /^to\[0\]/],
    [{ to: ['b@y.example, c@y.example'] }, /^to\[0\]/],
    [{ to: ['b'] }, /^to\[0\]/],
    [{ to: [null] }, /^to\[0\]/],
    [{ to: [''] }, /^to\[0\]/],
    [{ to: [{ address: 'b@y.example', notify: ['NEVER\r\n'] }] }, /^to\[0\]\.notify/],
    [{ to: [{ address: 'b@y.example', notify: ['NEVER', 'DELAY'] }] }, /^to\[0\]\.notify/],
    [{ to: [{ address: 'b@y.example', orcpt: 'rfc822;b\r\n@y' }] }, /^to\[0\]\.orcpt/],
    [{ params: { envid: 'a\r\nb' } }, /^params\.envid/],
    [{ params: { envid: '' } }, /^params\.envid/],
    [{ params: { envid: 'x'.repeat(101) } }, /^params\.envid/],
    [{ params: { ret: 'FULL SIZE=1' } }, /^params\.ret/],
    [{ params: { body: '8BITMIME\r\n' } }, /^params\.body/],
    [{ params: { size: '1\r\n' } }, /^params\.size/],
    [{ params: { auth: 'a@x>\r\n' } }, /^params\.auth/],
    [{ params: { holdFor: 1.5 } }, /^params\.holdFor/],
    [{ params: { holdFor: 1, holdUntil: 1 } }, /^params\.holdFor/],
    [{ params: { holdUntil: Number.NaN } }, /^params\.holdUntil/],
    [{ params: { by: { seconds: 0, mode: 'R' } } }, /^params\.by/],
    [{ params: { by: { seconds: 1, mode: 'X' } } }, /^params\.by/],
    [{ params: { mtPriority: 10 } }, /^params\.mtPriority/],
    [{ lineBreaks: 'keep' }, /^lineBreaks/],
    [{ content: 'text' }, /^content/],
    [{ content: null }, /^content/],
  ]
  const h = await ready([
    'PIPELINING',
    'DSN',
    'SIZE',
    'AUTH PLAIN',
    'FUTURERELEASE',
    'DELIVERBY',
    'MT-PRIORITY',
  ])
  for (const [change, field] of cases) {
    const error = await failure(h.session.send({ ...ONE, ...change } as unknown as SmtpTransaction))
    assert.match(error.message, field, JSON.stringify(change))
    assert.match(String(error['code']), /EENVELOPE|EMESSAGE/)
  }
  assert.match((await failure(h.session.verify('a\r\nRCPT TO:<x@y>'))).message, /^address/)
  assert.equal(h.driver.takeText(), '')
})

test('addresses of an odd shape that mean one thing only are sent as SMTP writes them', async () => {
  const odd: readonly (readonly [address: string, said: string])[] = [
    ['postmaster', 'postmaster'],
    ['a..b@docomo.example', '"a..b"@docomo.example'],
    ['dot.@docomo.example', '"dot."@docomo.example'],
    ['"two words"@y.example', '"two words"@y.example'],
    ['b@[192.0.2.1]', 'b@[192.0.2.1]'],
  ]
  for (const [address, said] of odd) {
    const h = await ready(['PIPELINING'])
    assert.ok((await begin(h, { ...ONE, to: [address] })).said.includes(`RCPT TO:<${said}>\r\n`), address)
  }
  const h = await ready()
  assert.equal((await begin(h, { ...ONE, from: '' })).said, 'MAIL FROM:<>\r\n')
})

const wrong: readonly (readonly [
  name: string,
  offers: readonly string[],
  replies: readonly (readonly string[])[],
  ambiguous: boolean,
])[] = [
  ['354 to MAIL', [], [['354 go']], false],
  ['354 to RCPT', ['PIPELINING'], [['250 a', '354 go', '354 go']], false],
  ['250 to DATA', ['PIPELINING'], [['250 a', '250 b', '250 fine']], false],
  ['354 to the message', ['PIPELINING'], [['250 a', '250 b', '354 go'], ['354 go']], true],
  ['334 to the message', ['PIPELINING'], [['250 a', '250 b', '354 go'], ['334 ']], true],
  ['nonsense to the message', ['PIPELINING'], [['250 a', '250 b', '354 go'], ['OK']], true],
  ['250 before the message', ['PIPELINING'], [['250 a', '250 b', '354 go', '250 sent']], false],
]
for (const [name, offers, replies, ambiguous] of wrong) {
  test(`wrong-reply: ${name} is EPROTOCOL, ends the session, and nothing counts as sent`, async () => {
    const h = await ready(offers)
    const { done } = await begin(h, ONE)
    for (const lines of replies) await h.hear(...lines)
    const error = await failure(done)
    assert.equal(error['code'], 'EPROTOCOL')
    assert.equal(error['ambiguous'] ?? false, ambiguous)
    assert.equal(h.session.state, 'closed')
  })
}

test('a final reply that came counts, whatever the server says behind it', async () => {
  const h = await ready(['PIPELINING'])
  const { done } = await begin(h, ONE)
  await h.hear('250 a', '250 b', '354 go')
  await h.hear('250 ok', '250 and more')
  assert.equal((await done).response, '250 ok')
  assert.equal(h.session.state, 'closed')
})

const NEXT = { ...ONE, to: ['next@y.example'] }
const NEXT_ENVELOPE = 'MAIL FROM:<a@x.example>\r\nRCPT TO:<next@y.example>\r\nDATA\r\n'

test('pipelining: the next envelope goes with the end of the message before it (RFC 2920 §3.1)', async () => {
  const h = await ready(['PIPELINING'])
  const first = await begin(h, ONE)
  const second = await begin(h, NEXT)
  const noop = h.session.noop()
  const third = await begin(h, ONE)
  assert.equal(await h.hear('250 a', '250 b', '354 go'), `${TEXT}.\r\n${NEXT_ENVELOPE}`)
  assert.equal(await h.hear('554 5.6.0 spam', '250 a', '250 b'), '')
  assert.equal((await failure(first.done))['enhancedCode'], '5.6.0')
  assert.equal(await h.hear('354 go'), `${TEXT}.\r\n`)
  assert.equal(await h.hear('250 second'), 'NOOP\r\n')
  assert.equal((await second.done).response, '250 second')
  assert.match(await h.hear('250 noop'), /^MAIL FROM/)
  await noop
  await h.hear('250 a', '250 b', '354 go')
  // asked for while the reply is owed
  const fourth = await begin(h, NEXT)
  assert.equal(fourth.said, NEXT_ENVELOPE)
  await h.hear('250 third', '250 a', '250 b', '354 go')
  await h.hear('250 fourth')
  assert.equal((await third.done).response, '250 third')
  assert.equal((await fourth.done).response, '250 fourth')
})

test('no envelope goes ahead without PIPELINING, nor behind chunks, whose failure leaves no defined state (RFC 3030 §2)', async () => {
  const slow = await ready()
  await begin(slow, ONE)
  await begin(slow, NEXT)
  await slow.hear('250 a')
  await slow.hear('250 b')
  assert.equal(await slow.hear('354 go'), `${TEXT}.\r\n`)
  const chunked = await ready(['PIPELINING', 'CHUNKING'])
  await begin(chunked, ONE)
  await begin(chunked, NEXT)
  assert.doesNotMatch(await chunked.hear('250 a', '250 b'), /next@/)
})

test('a lost connection is ambiguous for the message that has left, not for the envelope behind it', async () => {
  const h = await ready(['PIPELINING'])
  const first = await begin(h, ONE)
  const second = await begin(h, NEXT)
  const third = await begin(h, NEXT)
  await h.hear('250 a', '250 b', '354 go')
  h.driver.destroy()
  assert.equal((await failure(first.done))['ambiguous'], true)
  assert.equal((await failure(second.done))['ambiguous'], undefined)
  assert.equal((await failure(third.done))['ambiguous'], undefined)
})

test('abort of an envelope waits for the reply to the message before it', async () => {
  const h = await ready(['PIPELINING'])
  const controller = new AbortController()
  const first = await begin(h, ONE)
  const second = await begin(h, { ...NEXT, signal: controller.signal })
  const third = await begin(h, ONE)
  await h.hear('250 a', '250 b', '354 go')
  controller.abort()
  assert.equal((await failure(second.done))['code'], 'EABORT')
  assert.equal(h.session.state, 'busy')
  await h.hear('250 ok')
  assert.equal((await first.done).response, '250 ok')
  assert.equal(h.session.state, 'closed')
  assert.equal((await failure(third.done))['code'], 'ECONNECTION')
})

test('cut-anywhere: a lost connection rejects; ambiguous only from the last octet to the final reply', async () => {
  const replies = [['250 a'], ['250 b'], ['354 go'], ['250 ok']]
  for (let cut = 0; cut < replies.length; cut++) {
    for (const how of ['eof', 'destroy'] as const) {
      const h = await ready()
      const { done } = await begin(h, ONE)
      for (const lines of replies.slice(0, cut)) await h.hear(...lines)
      if (how === 'eof') h.driver.eof()
      else h.driver.destroy()
      const error = await failure(done)
      assert.equal(error['code'], 'ECONNECTION')
      assert.equal(error['ambiguous'] ?? false, cut === 3, `${cut} ${how}`)
    }
  }
})

test('a 421 instead of the final reply is a clear no', async () => {
  const h = await ready(['PIPELINING'])
  const { done } = await begin(h, ONE)
  await h.hear('250 a', '250 b', '354 go')
  await h.hear('421 4.3.0 going down')
  const error = await failure(done)
  assert.equal(error['responseCode'], 421)
  assert.equal(error['ambiguous'], undefined)
})

test('a message that has not left the output when the connection is lost is not ambiguous, and never leaves', async () => {
  const h = await ready(['PIPELINING'])
  const { done } = await begin(h, ONE)
  h.session.pauseOutput()
  h.driver.feed('250 a\r\n250 b\r\n354 go\r\n')
  await h.driver.settle()
  h.driver.feed('554 too slow\r\n')
  h.session.resumeOutput()
  const error = await failure(done)
  assert.equal(error['code'], 'EMESSAGE')
  assert.equal(h.driver.takeText(), `${TEXT}.\r\n`)

  const lost = await ready(['PIPELINING'])
  const second = await begin(lost, ONE)
  lost.session.pauseOutput()
  lost.driver.feed('250 a\r\n250 b\r\n354 go\r\n')
  await lost.driver.settle()
  lost.driver.destroy()
  assert.equal((await failure(second.done))['ambiguous'], undefined)
  assert.equal(lost.driver.takeText(), '')
})

test('a stream is read only as fast as the server takes it', async () => {
  const h = await ready(['PIPELINING'])
  let given = 0
  async function* source(): AsyncGenerator<Uint8Array> {
    for (; given < 50; given++) yield Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(100))
  }
  const { done } = await begin(h, { ...ONE, content: source() })
  assert.equal(given, 0)
  h.session.pauseOutput()
  await h.hear('250 a', '250 b', '354 go')
  assert.ok(given <= 1, String(given))
  h.session.resumeOutput()
  await h.driver.settle()
  assert.equal(given, 50)
  await h.hear('250 ok')
  assert.equal((await done).bytes, 500_000)
})

test('a server that reads no more, or a source that is silent, is not waited for longer than three minutes', async () => {
  const stuck = await ready(['PIPELINING'])
  const first = await begin(stuck, { ...ONE, content: Buffer.alloc(300_000, 'x\r\n') })
  stuck.session.pauseOutput()
  await stuck.hear('250 a', '250 b', '354 go')
  await stuck.driver.advance(180_000)
  assert.equal((await failure(first.done))['code'], 'ETIMEDOUT')

  const silent = await ready(['PIPELINING'])
  let returned = false
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => {
        returned = true
        return { done: true, value: undefined }
      },
    }),
  }
  const second = await begin(silent, { ...ONE, content: source })
  await silent.hear('250 a', '250 b', '354 go')
  await silent.driver.advance(180_000)
  assert.equal((await failure(second.done))['code'], 'ESTREAM')
  assert.equal(returned, true)
})

test('a source that fails takes the connection with it behind DATA, but not between chunks', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('Subject: half\r\n')
    throw new Error('disk')
  }
  async function* texts(): AsyncGenerator<Uint8Array> {
    yield 'text' as unknown as Uint8Array
  }
  for (const source of [failing, texts]) {
    const dotted = await ready(['PIPELINING'])
    const first = await begin(dotted, { ...ONE, content: source() })
    await dotted.hear('250 a', '250 b', '354 go')
    const error = await failure(first.done)
    assert.equal(error['code'], 'ESTREAM')
    assert.ok(error.cause instanceof Error)
    assert.equal(dotted.session.state, 'closed')
    assert.doesNotMatch(dotted.driver.takeText(), /\r\n\.\r\n/)

    const chunked = await ready(['PIPELINING', 'CHUNKING'])
    const second = await begin(chunked, { ...ONE, content: source() })
    assert.equal(await chunked.hear('250 a', '250 b'), 'RSET\r\n')
    assert.equal((await failure(second.done))['code'], 'ESTREAM')
    await chunked.hear('250 reset')
    assert.equal(chunked.session.state, 'ready')
  }
})

test('bare CR and LF: refused before anything is said, or while the stream comes', async () => {
  for (const text of ['a\nb\r\n', 'a\rb\r\n', 'a\r\n\r', '\n']) {
    const h = await ready(['PIPELINING'])
    const refused = await failure(
      h.session.send({ ...ONE, content: Buffer.from(text), lineBreaks: 'refuse' }),
    )
    assert.equal(refused['code'], 'EMESSAGE')
    assert.equal(refused['enhancedCode'], '5.6.0')
    assert.equal(h.driver.takeText(), '')

    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const byte of Buffer.from(text)) yield Buffer.of(byte)
    }
    const { done } = await begin(h, { ...ONE, content: bytes(), lineBreaks: 'refuse' })
    await h.hear('250 a', '250 b', '354 go')
    assert.equal((await failure(done))['code'], 'EMESSAGE')
    assert.doesNotMatch(h.driver.takeText(), /\r\n\.\r\n/)
    assert.equal(h.session.state, 'closed')
  }
})

test('a stream with 8-bit content and a server that takes none', async () => {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('Subject: é\r\n')
  }
  const h = await ready(['PIPELINING'])
  const { done } = await begin(h, { ...ONE, content: source() })
  await h.hear('250 a', '250 b', '354 go')
  assert.equal((await failure(done))['enhancedCode'], '5.6.3')
  const able = await ready(['PIPELINING', '8BITMIME'])
  assert.match((await begin(able, { ...ONE, content: source() })).said, / BODY=8BITMIME\r\n/)
})

test('abort: at once when nothing has been said, with the connection when something has', async () => {
  const h = await ready(['PIPELINING'])
  const reason = new Error('changed my mind')
  const before = await failure(h.session.send({ ...ONE, signal: AbortSignal.abort(reason) }))
  assert.equal(before['code'], 'EABORT')
  assert.equal(before.cause, reason)

  const first = await begin(h, ONE)
  const waiting = new AbortController()
  const queued = failure(h.session.send({ ...ONE, signal: waiting.signal }))
  waiting.abort(reason)
  assert.equal((await queued)['code'], 'EABORT')
  await h.hear('250 a', '250 b', '354 go')
  await h.hear('250 ok')
  await first.done
  assert.equal(h.driver.takeText(), '')
  assert.equal(h.session.state, 'ready')

  for (const [lines, ambiguous] of [
    [[], undefined],
    [['250 a', '250 b', '354 go'], true],
  ] as const) {
    const busy = await ready(['PIPELINING'])
    const controller = new AbortController()
    const { done } = await begin(busy, { ...ONE, signal: controller.signal })
    if (lines.length > 0) await busy.hear(...lines)
    controller.abort()
    const error = await failure(done)
    assert.equal(error['code'], 'EABORT')
    assert.equal(error['ambiguous'], ambiguous)
    assert.equal(busy.session.state, 'closed')
  }
})

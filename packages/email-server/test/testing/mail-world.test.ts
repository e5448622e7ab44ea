// Whole mail systems in one process: domains, their servers, real TLS between them, and a clock that is moved.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectSMTP, type MailError, parseReport } from '../../src/index.ts'
import { createMailWorld, type MailWorld, WorldError } from '../../src/testing/index.ts'

const LETTER = {
  from: 'alice@a.test',
  to: 'bob@b.test',
  subject: 'Confirm your address',
  text: 'Your code is 482913.',
}

async function twoDomains(seed = 1): Promise<MailWorld> {
  return createMailWorld({ seed, domains: ['a.test', 'b.test'] })
}

describe('a world of mail', () => {
  test('a message goes from one domain to another over real TLS, signed, checked, and is found in the inbox', async () => {
    await using world = await twoDomains()
    const handshakes: string[] = []
    world.server('b.test').on('secure', info => void handshakes.push(`${info.protocol} ${info.servername}`))
    const info = await world.send(LETTER)
    assert.deepEqual(info.accepted, ['bob@b.test'])
    const mail = await world.inbox('bob@b.test').waitFor({ subject: /confirm/i })
    assert.equal(mail.code(), '482913')
    assert.equal(mail.envelope.from, 'alice@a.test')
    assert.deepEqual(
      [mail.auth.spf, mail.auth.dkim, mail.auth.dmarc, mail.auth.rdns],
      ['pass', 'pass', 'pass', 'pass'],
    )
    assert.deepEqual(handshakes, ['TLSv1.3 mx.b.test'])
    assert.match(Buffer.from(mail.raw).toString('latin1'), /with ESMTPS/)
  })

  test('the same seed gives the same world, octet by octet', async () => {
    const once = async (seed: number): Promise<string> => {
      await using world = await twoDomains(seed)
      await world.send(LETTER)
      const mail = await world.inbox('bob@b.test').waitFor()
      return Buffer.from(mail.raw).toString('latin1')
    }
    assert.equal(await once(7), await once(7))
    assert.notEqual(await once(7), await once(8))
  })

  test('a host that is away for five days: attempts, then the bounce arrives', async () => {
    await using world = await twoDomains()
    world.faults.link('mx.b.test', 'refused')
    const info = await world.send(LETTER)
    assert.deepEqual(info.pending, ['bob@b.test'])
    assert.equal(world.queue('a.test').length, 1)
    const late = await world.inbox('alice@a.test').waitFor({}, { within: '8h' })
    assert.equal(firstAction(late.raw), 'delayed')
    await world.advance('5d')
    assert.equal(firstAction((await world.inbox('alice@a.test').waitFor()).raw), 'failed')
    assert.equal(world.queue('a.test').length, 0)
    assert.equal(world.inbox('bob@b.test').messages.length, 0)
  })

  for (const [bad, code] of [
    ['expired', 'CERT_HAS_EXPIRED'],
    ['not yet valid', 'CERT_NOT_YET_VALID'],
    ['wrong name', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const) {
    test(`a certificate that is ${bad} is refused by whoever wants to know`, async () => {
      await using world = await twoDomains()
      world.certify('b.test', bad)
      const dialogue = await world.connect('mx.b.test', 465)
      const strict = await dialogue.secure({ servername: 'mx.b.test' })
      assert.equal(strict, null)
      const lenient = await world.connect('mx.b.test', 465)
      const info = await lenient.secure({ servername: 'mx.b.test', rejectUnauthorized: false })
      assert.deepEqual([info?.authorized, info?.authorizationError], [false, code])
      await lenient.close()
      await dialogue.close()
      // opportunistic mail goes on all the same (RFC 7435), mail that demands TLS does not
      assert.deepEqual((await world.send(LETTER)).accepted, ['bob@b.test'])
      world.certify('b.test', null)
    })
  }

  test('certificates are judged by the clock of the world', async () => {
    await using world = await twoDomains()
    const dialogue = await world.connect('mx.b.test', 465)
    assert.equal((await dialogue.secure({ servername: 'mx.b.test' }))?.authorized, true)
    await dialogue.close()
    world.jumpClock(11 * 365 * 86_400_000)
    const later = await world.connect('mx.b.test', 465)
    const info = await later.secure({ servername: 'mx.b.test', rejectUnauthorized: false })
    assert.equal(info?.authorizationError, 'CERT_HAS_EXPIRED')
    await later.close()
  })

  test('where a box hides STARTTLS, mail goes in clear, and mail that demands TLS waits', async () => {
    await using world = await twoDomains()
    world.faults.stripStartTls('mx.b.test')
    await world.send(LETTER)
    const mail = await world.inbox('bob@b.test').waitFor()
    assert.match(Buffer.from(mail.raw).toString('latin1'), /with ESMTP\b/)
    const strict = await world.send({ ...LETTER, requireTLS: true }).catch((error: MailError) => error)
    assert.ok(strict instanceof Error || strict.accepted.length === 0)
    world.faults.clear()
    await world.advance('6d')
  })

  test('answers at chosen commands: twice 451, then the message is taken', async () => {
    await using world = await twoDomains()
    world.faults.reply('mx.b.test', 'RCPT', '451 4.2.0 Later', 2)
    assert.deepEqual((await world.send(LETTER)).pending, ['bob@b.test'])
    const mail = await world.inbox('bob@b.test').waitFor({}, { within: '2h' })
    assert.ok(mail.at - Date.UTC(2026, 0, 1) >= 10 * 60_000)
  })

  for (const verb of ['CONNECT', 'EHLO', 'STARTTLS', 'MAIL', 'RCPT', 'DATA', 'BDAT', '.']) {
    for (const reply of ['421 4.3.2 Going down', '451 4.3.0 Later', '550 5.7.1 No', 'reset']) {
      if (verb === '.' && reply === 'reset') continue
      test(`${reply} at ${verb}: the message is delivered, waits, or is given back, once`, async () => {
        await using world = await twoDomains()
        world.faults.reply('mx.b.test', verb, reply, 1)
        await world.send(LETTER).catch(() => {})
        await world.advance('1d')
        assert.deepEqual(world.imbalances(), [])
        assert.ok(world.inbox('bob@b.test').messages.length <= 1)
        // behind the last octet nobody knows whether it has arrived
        const isAmbiguous = verb === 'BDAT' && reply === 'reset'
        if (!reply.startsWith('55') && !isAmbiguous)
          assert.equal(world.inbox('bob@b.test').messages.length, 1)
      })
    }
  }

  for (const fault of ['throws', 'hangs', 'twice'] as const) {
    test(`a store that ${fault} loses nothing and doubles nothing`, async () => {
      await using world = await twoDomains()
      world.faults.store('bob@b.test', fault, 1)
      await world.send(LETTER)
      await world.inbox('bob@b.test').waitFor({}, { within: '1h' })
      await world.advance('1d')
      assert.equal(world.inbox('bob@b.test').messages.length, 1)
      assert.ok(world.errors.length > 0, 'whoever runs the server hears of it')
    })
  }

  test('a clock that is set forward during an attempt does not send the message twice: seed 2196 of the simulation', async () => {
    const server = { delivery: { retry: { firstDelayMs: 20_000 } } }
    await using world = await createMailWorld({
      domains: [{ name: 'a.test', server }, 'b.test', 'c.test'],
      zones: 'b.test MX 5 dead.b.test\ndead.b.test A 198.51.100.99',
    })
    // this one waits a while for a host that does not answer; that one has the queue looked into meanwhile
    world.faults.link('198.51.100.99', 'unreachable').link('mx.c.test', 'refused', 1)
    const sent = [world.hand(LETTER), world.hand({ ...LETTER, to: 'carol@c.test' })]
    await world.advance('10s')
    world.jumpClock(3_600_000)
    await world.advance('1d')
    await Promise.all(sent)
    assert.equal(world.inbox('bob@b.test').messages.length, 1)
    assert.equal(world.totals.sent, 2)
  })

  test('a client hands a message in over submission, and reads its answer by POP3', async () => {
    await using world = await createMailWorld({
      domains: [{ name: 'a.test', users: { 'alice@a.test': 'secret' } }, 'b.test'],
    })
    const opened = connectSMTP({
      host: 'mail.a.test',
      runtime: world.runtime(),
      auth: { user: 'alice@a.test', pass: 'secret' },
    })
    const smtp = await world.run(opened)
    await world.run(
      smtp.send({
        from: 'alice@a.test',
        to: ['bob@b.test'],
        content: Buffer.from('Subject: hi\r\n\r\nx\r\n'),
      }),
    )
    await world.run(smtp.close())
    const mail = await world.inbox('bob@b.test').waitFor({ subject: 'hi' })
    assert.match(Buffer.from(mail.raw).toString('latin1'), /by mx\.a\.test with ESMTPSA/)
    const wrong = connectSMTP({
      host: 'mail.a.test',
      runtime: world.runtime(),
      auth: { user: 'alice@a.test', pass: 'guess' },
    })
    await assert.rejects(world.run(wrong), { code: 'EAUTH' })
    const pop = await world.connect('mail.b.test', 995)
    await pop.secure({ servername: 'mail.b.test' })
    await pop.hear()
    await pop.say('USER bob@b.test')
    assert.match(await pop.say('PASS x'), /^\+OK/)
    assert.match(await pop.say('STAT'), /^\+OK 1 /)
    await pop.say('QUIT')
    await pop.close()
  })

  test('what nobody has sent does not come: the error says what is there, and the seed', async () => {
    await using world = await createMailWorld({ seed: 42, domains: ['a.test', 'b.test'] })
    await world.send(LETTER)
    await assert.rejects(world.inbox('bob@b.test').waitFor({ subject: 'Invoice' }, { within: '1m' }), {
      message: /no message with subject Invoice for bob@b\.test .*; there is: "Confirm your address"/,
    })
  })

  test('a world that is closed with a connection open says so, with its seed', async () => {
    const world = await createMailWorld({ seed: 42, domains: ['a.test'] })
    const timer = world.runtime().setTimer(1000, () => {})
    void world.track('something', new Promise(() => {}))
    await assert.rejects(world.close(), (error: unknown) => {
      assert.ok(error instanceof WorldError)
      assert.equal(error.seed, 42)
      assert.deepEqual(error.wrong, ['still pending: something', '1 timers left'])
      return true
    })
    timer.cancel()
  })
})

function firstAction(raw: Uint8Array): string | undefined {
  const report = parseReport(raw)
  return report?.kind === 'dsn' ? report.recipients[0]?.action : undefined
}

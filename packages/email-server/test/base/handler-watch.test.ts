// Who watches handlers hears of each question once, and of its answer once, whatever the protocol and however it ends.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type HandlerAnswer,
  type HandlerWatch,
  IMAPSession,
  POP3Session,
  Refusal,
  SMTPSession,
} from '../../src/index.ts'
import { MemoryMailbox, SessionDriver } from '../../src/testing/index.ts'

interface Watched {
  readonly name: string
  readonly args: readonly unknown[]
  readonly answers: HandlerAnswer[]
}

function watch(): { readonly calls: Watched[]; readonly watchHandlers: HandlerWatch } {
  const calls: Watched[] = []
  return {
    calls,
    watchHandlers: ({ name, args }) => {
      const call: Watched = { name, args, answers: [] }
      calls.push(call)
      return answer => call.answers.push(answer)
    },
  }
}

/** `name kind code text`, one for each answer. */
function told(calls: readonly Watched[]): string[] {
  return calls.flatMap(({ name, answers }) =>
    answers.map(answer => {
      if (answer.kind === 'refusal') return `${name} refusal ${answer.code} ${answer.text}`
      return `${name} ${answer.kind}`
    }),
  )
}

describe('watchHandlers', () => {
  test('SMTP: rcpt and mail', async () => {
    const { calls, watchHandlers } = watch()
    const session = new SMTPSession({ role: 'inbound', watchHandlers })
    session.on('rcpt', (address, _params, context) => {
      if (address.startsWith('no')) context.reject(550, '5.1.1 Nobody here')
      else if (address.startsWith('broken')) throw new Error('broken')
      else if (address.startsWith('late')) setImmediate(() => context.accept())
      else context.accept()
    })
    let mails = 0
    session.on('mail', mail => {
      if (++mails === 1) mail.accept()
      else if (mails === 2) mail.reject(452, '4.3.1 Full')
      else throw new Error('broken')
    })
    const driver = new SessionDriver(session)
    driver.greet()
    await driver.exchange('EHLO x\r\n')
    for (let i = 0; i < 3; i++) {
      await driver.exchange('MAIL FROM:<a@x.test>\r\n')
      for (const name of i === 0 ? ['no', 'broken', 'late'] : ['yes'])
        await driver.exchange(`RCPT TO:<${name}@b.test>\r\n`)
      await driver.exchange('DATA\r\n')
      await driver.exchange('Subject: x\r\n\r\nx\r\n.\r\n')
    }
    assert.deepEqual(told(calls), [
      'rcpt refusal 550 Nobody here',
      'rcpt failure',
      'rcpt answer',
      'mail answer',
      'rcpt answer',
      'mail refusal 452 Full',
      'rcpt answer',
      'mail failure',
    ])
    assert.equal(calls[0]!.args[0], 'no@b.test')
    assert.deepEqual(calls[3]!.args, [{ from: 'a@x.test', to: ['late@b.test'], size: 17 }])
  })

  test('POP3 and IMAP: auth without its password, and the handlers of mailboxes', async () => {
    for (const [make, lines] of [
      [
        (options: object) => new POP3Session(options),
        ['USER ann', 'PASS hunter2', 'USER ann', 'PASS hunter3', 'STAT'],
      ],
      [
        (options: object) => new IMAPSession(options),
        ['a LOGIN ann hunter2', 'a LOGIN ann hunter3', 'a SELECT INBOX'],
      ],
    ] as const) {
      const { calls, watchHandlers } = watch()
      const session = make({ watchHandlers, allowInsecureAuth: true })
      session.on('auth', info => {
        if (info.password === 'hunter3') info.accept()
        else info.reject('No')
      })
      const mailbox = new MemoryMailbox()
      session.on('mailboxSession', it => mailbox.attach(it))
      const driver = new SessionDriver(session)
      driver.greet()
      for (const line of lines) {
        await driver.exchange(`${line}\r\n`)
        await driver.advance(5000)
      }
      const answers = told(calls)
      assert.deepEqual(answers.slice(0, 2), ['auth refusal  No', 'auth answer'])
      assert.ok(answers.includes('openFolder answer'), answers.join())
      assert.ok(calls.every(call => call.answers.length === 1))
      assert.ok(!JSON.stringify(calls).includes('hunter'))
    }
  })

  test('a handler that says no, one that is missing, and one that is asked when the session ends', async () => {
    const { calls, watchHandlers } = watch()
    const session = new IMAPSession({ watchHandlers, allowInsecureAuth: true })
    session.on('auth', info => info.accept())
    session.on('mailboxSession', it => {
      it.use({
        openFolder: () => {
          throw new Refusal('NOPERM', 'Not for you')
        },
        folders: () => new Promise(() => {}),
      })
    })
    const driver = new SessionDriver(session)
    driver.greet()
    await driver.exchange('a LOGIN ann x\r\n')
    await driver.exchange('a SELECT INBOX\r\n')
    await driver.exchange('a LIST "" *\r\n')
    session.destroy()
    await driver.advance(0)
    assert.deepEqual(told(calls), ['auth answer', 'openFolder refusal NOPERM Not for you', 'folders failure'])
  })
})

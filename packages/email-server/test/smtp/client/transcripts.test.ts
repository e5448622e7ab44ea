import assert from 'node:assert/strict'
import type { MailError } from '../../../src/index.ts'
import { SmtpClientSession, type SmtpSendResult } from '../../../src/smtp/index.ts'
import { testTranscripts } from '../../support/transcripts.ts'

/**
 * `do send BLOCK FROM TO…`, `do secure`, `do login USER PASS` and `do quit` begin; `do accepted ADDRESS…`, `do failed CODE REPLY` and
 * `do ambiguous CODE` say what became of the message. Option `lmtp`.
 */
testTranscripts('smtp-client', transcript => {
  let session: SmtpClientSession | null = null
  let outcome: Promise<SmtpSendResult | MailError> | null = null
  const running = (): SmtpClientSession => {
    assert.ok(session)
    return session
  }
  const failed = async (): Promise<MailError> => (await outcome) as MailError
  return {
    open(_connection, now) {
      session = new SmtpClientSession({
        isServer: false,
        hostname: 'client.example',
        canUpgrade: true,
        lmtp: transcript.options.has('lmtp'),
        now,
      })
      return session
    },
    actions: {
      send(letter, from, ...to) {
        outcome = running()
          .send({ from: from!, to, content: Buffer.from(letter!, 'latin1') })
          .catch((error: MailError) => error)
      },
      secure: () =>
        void running()
          .startTls()
          .catch(() => {}),
      login: (user, pass) =>
        void running()
          .authenticate({ user: user!, pass: pass! })
          .catch(() => {}),
      quit: () => void running().quit(),
      async accepted(...addresses) {
        const { accepted } = (await outcome) as SmtpSendResult
        assert.deepEqual(
          accepted.map(({ address }) => address),
          addresses,
        )
      },
      async failed(code, reply) {
        const error = await failed()
        assert.equal(error.code, code)
        assert.equal(error.responseCode, Number(reply))
      },
      async ambiguous(code) {
        const error = await failed()
        assert.equal(error.code, code)
        assert.equal(error.ambiguous, true)
      },
    },
  }
})

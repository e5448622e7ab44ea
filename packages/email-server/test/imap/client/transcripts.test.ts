// Dialogues in which the client is the tested side.
import assert from 'node:assert/strict'
import { ImapClientSession, type ImapNews } from '../../../src/imap/index.ts'
import type { MailError } from '../../../src/index.ts'
import { VIRTUAL_TLS } from '../../../src/testing/index.ts'
import { testTranscripts } from '../../support/transcripts.ts'

const NEWS: readonly (keyof ImapNews)[] = ['exists', 'expunge', 'vanished', 'flags', 'alert', 'bye']

/** An argument: JSON where it is such, else a word. */
function value(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** As JSON has it; what is a bigint or a Map there, too. */
function plain(told: unknown): unknown {
  const text = JSON.stringify(told ?? null, (_, each) => {
    if (typeof each === 'bigint') return Number(each)
    if (each instanceof Map) {
      return Object.fromEntries(
        [...each].map(([key, bytes]) => [key, bytes && Buffer.from(bytes).toString()]),
      )
    }
    return each
  })
  return JSON.parse(text)
}

/**
 * `do METHOD ARGUMENT…` begins a command (arguments are words, JSON or blocks); `do told VALUE` says what the first one that has not been asked
 * for came to, `do failed CODE [SERVERCODE]` how it failed; `do news NAME VALUE…` what was told without being asked, in order. Options `tls`,
 * `insecure`.
 */
testTranscripts('imap-client', transcript => {
  let session: ImapClientSession | null = null
  const outcomes: Promise<unknown>[] = []
  const news: unknown[][] = []
  const call = (method: string, args: readonly string[]): void => {
    assert.ok(session)
    const command = session[method as 'noop'] as (...args: unknown[]) => PromiseLike<unknown>
    const outcome = Promise.resolve(command.apply(session, args.map(value)))
    outcomes.push(outcome.catch((error: MailError) => error))
  }
  const METHODS = [
    ...[
      'login',
      'authenticate',
      'starttls',
      'id',
      'enable',
      'noop',
      'logout',
      'idle',
      'done',
      'list',
      'select',
      'status',
    ],
    ...['fetch', 'search', 'esearch', 'store', 'move', 'append', 'uidExpunge', 'unselect', 'create'],
  ]
  return {
    open(_connection, now) {
      session = new ImapClientSession({
        isServer: false,
        canUpgrade: true,
        tls: transcript.options.has('tls') ? VIRTUAL_TLS : null,
        allowInsecureAuth: transcript.options.has('insecure'),
        now,
      })
      for (const name of NEWS) session.on(name, (...args: unknown[]) => void news.push([name, ...args]))
      return session
    },
    actions: {
      ...Object.fromEntries(METHODS.map(name => [name, (...args: string[]) => call(name, args)])),
      async told(...expected) {
        const told = await outcomes.shift()
        if (told instanceof Error) throw told
        assert.deepEqual(plain(told), expected.length === 0 ? null : value(expected.join(' ')))
      },
      async failed(code, serverCode) {
        const error = (await outcomes.shift()) as MailError
        assert.deepEqual([error.code, error.serverCode], [code, serverCode])
      },
      news(name, ...args) {
        assert.deepEqual(plain(news.shift()), [name, ...args.map(value)])
      },
    },
  }
})

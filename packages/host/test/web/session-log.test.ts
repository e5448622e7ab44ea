// What is remembered of sessions is bounded, readable, and has no control characters in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TraceEvent } from 'email-server/testing'
import { SessionLog } from '../../src/web/session-log.ts'

const LIMITS = { sessions: 3, charactersPerSession: 100, charactersPerLine: 40, contentLines: 2 }
const FACTS = { listener: 'SMTP', protocol: 'smtp', peer: '127.0.0.1:1', port: 25 } as const

function started(protocol: 'smtp' | 'imap' = 'smtp') {
  let now = 1000
  const log = new SessionLog(() => now, LIMITS)
  const id = log.open({ ...FACTS, protocol })
  const say = (kind: TraceEvent['kind'], text: string, connection = id): void =>
    log.record({ at: ++now, connection, protocol, kind, text })
  const lines = (): string[] => log.transcript(id)!.lines.map(({ by, text }) => `${by}: ${text}`)
  return { log, id, say, lines }
}

test('of a long session the last lines are kept, and all are counted', () => {
  const { log, id, say, lines } = started()
  for (let i = 0; i < 50; i++) say('client', `NOOP line ${i}`)
  assert.ok(lines().join('').length <= LIMITS.charactersPerSession + lines().length * 'client: '.length)
  assert.equal(lines().at(-1), 'client: NOOP line 49')
  assert.equal(log.view(id)!.lines, 50)
  assert.deepEqual(
    log.transcript(id, 48)!.lines.map(({ n }) => n),
    [49, 50],
  )
})

test('a long line is cut, and its rest counted', () => {
  const { say, lines } = started()
  say('client', 'x'.repeat(1040))
  assert.deepEqual(lines(), [`client: ${'x'.repeat(40)} … 1,000 more characters`])
})

test('of a message a few lines are shown, the rest is counted, and the next message begins anew', () => {
  const { say, lines } = started()
  for (const line of ['a', 'b', 'c', 'dd', '.']) say('content', `${line}\r\n`)
  say('server', '250 OK')
  assert.deepEqual(lines(), [
    'content: a',
    'content: b',
    'note: 7 more octets of the message',
    'content: .',
    'server: 250 OK',
  ])
  say('client', 'DATA')
  say('content', 'z\r\n')
  assert.equal(lines().at(-1), 'content: z')
})

test('sessions that are over are forgotten first, the oldest of them; then the oldest', () => {
  const { log } = started()
  const [, second] = [log.open(FACTS), log.open(FACTS)]
  log.record({ at: 1, connection: second, protocol: 'smtp', kind: 'close', text: '' })
  log.open(FACTS)
  assert.deepEqual(
    log.list().map(({ id }) => id),
    [4, 2, 1],
  )
  log.open(FACTS)
  assert.deepEqual(
    log.list().map(({ id }) => id),
    [5, 4, 2],
  )
  assert.equal(log.transcript(1), null)
})

test('control characters and what turns text around are shown as signs; UTF-8 is read', () => {
  const { say, lines } = started()
  say('client', '\x1b[2J\x00 gr\xc3\xbcn \xe2\x80\xaetxt')
  assert.deepEqual(lines(), ['client: \u241b[2J\u2400 grün \ufffdtxt'])
})

test('IMAP: behind COMPRESS nothing is text any more; a refused one changes nothing', () => {
  const { say, lines } = started('imap')
  say('client', 'a COMPRESS DEFLATE')
  say('server', 'a NO not now')
  say('client', 'b compress deflate')
  say('server', 'b OK now')
  say('client', '\xff\xfe')
  say('content', '\xff\xfe')
  say('close', '')
  assert.deepEqual(lines().slice(-3), [
    'server: b OK now',
    'note: Compressed from here on: not shown',
    'note: Closed',
  ])
})

test('who is logged in is asked when it is shown, and remembered when it is over', () => {
  const { log, id, say } = started()
  let user: string | null = null
  log.belongsTo(id, () => user)
  assert.equal(log.view(id)!.user, null)
  user = 'alice@example.test'
  assert.equal(log.view(id)!.user, user)
  say('close', 'reset')
  user = null
  assert.equal(log.view(id)!.user, 'alice@example.test')
  assert.equal(log.view(id)!.closeReason, 'reset')
})

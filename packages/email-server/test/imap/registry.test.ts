// The contract of the registry: what is advertised is there, what is not advertised is not, in every state.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/base/limits.ts'
import { PLAIN_DIALECT } from '../../src/imap/dialect.ts'
import { EXTENSIONS, registry } from '../../src/imap/ext/index.ts'
import type { Extension, Gate, SessionFacts } from '../../src/imap/extension.ts'
import { type StateKind, TRANSITIONS, transition } from '../../src/imap/state.ts'
import type { MailboxHandlers } from '../../src/mailbox/index.ts'
import { AuthPolicy } from '../../src/sasl/index.ts'
import { loggedIn, selected, testSession } from './setup.ts'

const STATES: readonly StateKind[] = ['notAuthenticated', 'authenticated', 'selected']

function facts(state: StateKind, open: boolean): SessionFacts {
  return {
    state,
    tlsActive: false,
    canTls: open,
    canDeflate: open,
    tls: null,
    allowInsecureAuth: open,
    auth: new AuthPolicy(),
    passwordsAllowed: open,
    limits: open ? { ...DEFAULT_LIMITS, imapMessageLimit: 1000 } : DEFAULT_LIMITS,
    dialect: PLAIN_DIALECT,
    handles: () => open,
    supplies: () => open,
  }
}

function gated(gate: Gate): boolean {
  return gate.kind !== 'free'
}

test('an extension behind a closed gate is neither advertised nor found, behind an open one it is found', () => {
  for (const extension of EXTENSIONS) {
    for (const state of STATES) {
      const [open, closed] = [facts(state, true), facts(state, false)]
      assert.ok(registry().open(open).includes(extension))
      assert.equal(registry().open(closed).includes(extension), !gated(extension.gate), extension.name)
      for (const name of commandsOf(extension)) {
        assert.ok(registry().command(name, open), name)
        assert.equal(registry().command(name, closed) !== undefined, !gated(extension.gate), name)
      }
    }
  }
})

test('every capability has its extension, and none is named twice', () => {
  for (const state of STATES) {
    const all = registry().capabilities(facts(state, true))
    assert.equal(new Set(all).size, all.length)
    assert.equal(all[0], 'IMAP4rev1')
  }
})

test('commands of handlers are refused with CANNOT while there are none, and MOVE is not known at all', async () => {
  const { driver } = await selected({
    attach: session => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 0 }),
        resolveMessages: () => [],
      })
    },
  })
  const commands = [
    'CREATE x',
    'DELETE x',
    'RENAME x y',
    'SUBSCRIBE x',
    'UNSUBSCRIBE x',
    'EXPUNGE',
    'UID EXPUNGE 1',
  ]
  commands.push('APPEND x {5}', 'STORE 1 FLAGS ()', 'COPY 1 x', 'UID COPY 1 x')
  for (const command of commands) {
    assert.match(await driver.exchange(`a ${command}\r\n`), /^a NO \[CANNOT\]/, command)
  }
  assert.match(await driver.exchange('a MOVE 1 x\r\n'), /^a BAD There is no such command/)
  assert.doesNotMatch(await driver.exchange('a CAPABILITY\r\n'), /MOVE/)
})

test('a handler that is registered later opens its extension', async () => {
  const { driver, session } = await loggedIn({ attach: () => {} })
  assert.doesNotMatch(await driver.exchange('a CAPABILITY\r\n'), / MOVE/)
  const move: MailboxHandlers = { move: () => undefined }
  session.mailbox!.use(move)
  assert.match(await driver.exchange('a CAPABILITY\r\n'), / MOVE/)
})

test('a command in a state that is not its own is BAD, and changes nothing', async () => {
  for (const state of STATES) {
    const made =
      state === 'notAuthenticated'
        ? testSession()
        : state === 'authenticated'
          ? await loggedIn()
          : await selected()
    const { driver } = made
    if (state === 'notAuthenticated') driver.greet()
    await driver.settle()
    driver.takeText()
    for (const [name, { spec }] of registry().commands) {
      if (spec.states.includes(state) || name === 'STARTTLS') continue
      assert.match(await driver.exchange(`a ${name} x\r\n`), /^a BAD /, `${name} in ${state}`)
      if (driver.isOpen) continue
      break
    }
  }
})

test('states change along the table only', () => {
  const kinds = Object.keys(TRANSITIONS) as StateKind[]
  for (const from of kinds) {
    for (const to of kinds) {
      const go = (): unknown => transition({ kind: from } as never, { kind: to } as never)
      if (TRANSITIONS[from].includes(to)) assert.deepEqual(go(), { kind: to })
      else assert.throws(go, { code: 'EUSAGE' })
    }
  }
})

test('a failing SELECT leaves no folder open', async () => {
  let flags: readonly string[] = []
  let validity = 1
  const { driver } = await loggedIn({
    attach: session => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: validity, total: 0, flags }),
        resolveMessages: () => [],
      })
    },
  })
  assert.match(await driver.exchange('a SELECT INBOX\r\nb CHECK\r\n'), /b OK/)
  flags = ['not a flag']
  assert.match(await driver.exchange('a SELECT INBOX\r\nb CHECK\r\n'), /a NO \[SERVERBUG\].*\r\nb BAD/)
  flags = []
  validity = 0
  assert.match(await driver.exchange('a SELECT INBOX\r\nb CHECK\r\n'), /a NO \[SERVERBUG\].*\r\nb BAD/)
})

test('shutdown: a waiting session says goodbye at once, a busy one after its command', async () => {
  const idle = await selected()
  await idle.driver.exchange('a IDLE\r\n')
  idle.session.shutdown()
  assert.equal(idle.driver.takeText(), '* BYE The server is shutting down\r\n')
  assert.deepEqual(idle.driver.closed, { error: null })

  let answer: (() => void) | null = null
  const busy = await loggedIn({
    attach: session => {
      session.use({
        folders: () =>
          new Promise(resolve => {
            answer = () => resolve([])
          }),
      })
    },
  })
  busy.driver.feed('a LIST "" *\r\nb NOOP\r\n')
  await busy.driver.settle()
  busy.session.shutdown()
  assert.equal(busy.driver.takeText(), '')
  answer!()
  await busy.driver.settle()
  assert.equal(busy.driver.takeText(), 'a OK LIST completed\r\n* BYE The server is shutting down\r\n')
})

test('a backend ends a session: at once when it waits, else behind its command; with a text that is a line', async () => {
  const idle = await selected()
  await idle.driver.exchange('a IDLE\r\n')
  assert.throws(() => idle.session.mailbox!.end('two\r\nlines'), { code: 'EUSAGE' })
  idle.session.mailbox!.end('The account is gone')
  assert.equal(idle.driver.takeText(), '* BYE The account is gone\r\n')
  assert.deepEqual(idle.driver.closed, { error: null })
  idle.session.mailbox!.end()

  const busy = await loggedIn({
    attach: session => {
      session.use({
        folders: async () => {
          session.end()
          return []
        },
      })
    },
  })
  assert.equal(
    await busy.driver.exchange('a LIST "" *\r\nb NOOP\r\n'),
    'a OK LIST completed\r\n* BYE The session has been ended\r\n',
  )
})

test('a client that has sent everything and closed its side gets its answers', async () => {
  const { driver } = await loggedIn()
  driver.feed('a LIST "" ""\r\nb NOOP\r\nc NO')
  driver.eof()
  await driver.settle()
  assert.equal(
    driver.takeText(),
    '* LIST (\\Noselect) "/" ""\r\na OK LIST completed\r\nb OK NOOP completed\r\n',
  )
  assert.deepEqual(driver.closed, { error: null })
})

test('a handler that is still asked when the client goes is told, and its answer goes nowhere', async () => {
  let answer: ((folders: never[]) => void) | null = null
  let closed = 0
  const { driver, failures } = await loggedIn({
    attach: session => {
      session.on('close', () => closed++)
      session.use({
        folders: () =>
          new Promise<never[]>(resolve => {
            answer = resolve
          }),
      })
    },
  })
  driver.feed('a LIST "" *\r\n')
  await driver.settle()
  driver.destroy()
  await driver.settle()
  assert.equal(closed, 1)
  answer!([])
  await driver.settle()
  assert.equal(driver.takeText(), '')
  assert.equal(
    failures.filter(each => !/answered more than once, or too late/.test(String(each.error))).length,
    0,
  )
})

function commandsOf(extension: Extension): readonly string[] {
  return [...registry().commands].filter(([, { by }]) => by === extension).map(([name]) => name)
}

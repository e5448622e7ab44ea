// The contract of a store: the mailbox in memory keeps it, and a store that does not is found out.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MailboxHandlers, MailboxSession } from '../../src/mailbox/index.ts'
import { MemoryMailbox, storeContract } from '../../src/testing/index.ts'

let now = Date.UTC(2026, 0, 1)
const contract = storeContract(() => {
  // a clock of its own: each message has its own time
  const mailbox = new MemoryMailbox({ folders: [], now: () => (now += 1000) })
  return { attach: session => mailbox.attach(session) }
})

describe('the mailbox in memory', () => {
  for (const { name, run } of contract.checks) {
    test(name, async t => {
      const lacks = await run()
      if (lacks !== null) t.skip(lacks)
    })
  }
})

/** The mailbox in memory with some handlers that are other ones. */
function altered(
  change: (handlers: MailboxHandlers, session: MailboxSession) => MailboxHandlers,
  supplies?: readonly never[],
) {
  return storeContract(() => {
    const mailbox = new MemoryMailbox({ folders: [] })
    return {
      attach(session) {
        const use = session.use.bind(session)
        session.use = (handlers, options) => use(change(handlers, session), supplies ? { supplies } : options)
        mailbox.attach(session)
      },
    }
  })
}

test('there are some hundreds of checks, and no two of a name', () => {
  assert.ok(contract.checks.length >= 300, `${contract.checks.length}`)
  assert.equal(new Set(contract.checks.map(({ name }) => name)).size, contract.checks.length)
})

test('a store that keeps it all may advertise it all', async () => {
  const report = await contract.run()
  assert.deepEqual(report.failed, [])
  assert.deepEqual(report.dishonest, [])
  for (const capability of ['MOVE', 'CONDSTORE', 'QRESYNC', 'OBJECTID', 'SORT', 'UIDPLUS', 'STATUS=SIZE']) {
    assert.ok(report.honest.includes(capability), capability)
  }
})

test('a store that lacks a handler, or does it wrong, is told what it may not advertise', async () => {
  const report = await altered(({ move: _move, expunge, ...rest }) => ({
    ...rest,
    // forgets to say the mod-sequence of a removal
    expunge: async (ids, context) => {
      await expunge!(ids, context)
      return undefined
    },
  })).run()
  const because = new Map(report.dishonest.map(({ capability, because }) => [capability, because]))
  assert.equal(because.get('MOVE'), 'needs move')
  assert.match(because.get('QRESYNC') ?? '', /mod-sequence|needs move/)
  assert.ok(report.honest.includes('CONDSTORE'))
  assert.ok(report.failed.length > 0 && report.skipped.length > 0)
})

for (const [what, change] of [
  [
    'removes the message beside the one it was given',
    ({ expunge, ...rest }: MailboxHandlers) => ({
      ...rest,
      expunge: (ids: readonly (string | number)[]) =>
        expunge!(
          ids.map(id => Number(id) + 1),
          {},
        ),
    }),
  ],
  [
    'answers UIDs in descending order',
    ({ resolveMessages, ...rest }: MailboxHandlers) => ({
      ...rest,
      resolveMessages: async (range: never) => [...(await resolveMessages!(range, {}))].reverse(),
    }),
  ],
  [
    'loses the last octet of a message',
    ({ messageBody, ...rest }: MailboxHandlers) => ({
      ...rest,
      messageBody: async (id: string | number) => ((await messageBody!(id, {})) as Uint8Array).slice(0, -1),
    }),
  ],
] as const) {
  test(`a store that ${what} is found out`, async () => {
    const report = await altered(handlers => change(handlers) as MailboxHandlers).run()
    assert.ok(report.failed.length >= 5, `${report.failed.length} checks have failed`)
  })
}

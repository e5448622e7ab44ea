import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Refusal } from '../../src/base/errors.ts'
import { SessionClock } from '../../src/base/session-clock.ts'
import { type MailboxNews, MailboxSession } from '../../src/mailbox/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'

const RAW = Buffer.from('Subject: hi\r\n\r\nhello\r\n')

/** A mailbox session that is attached and records its news. */
function session(
  mailbox: MemoryMailbox,
  folder: string | null = null,
): { it: MailboxSession; news: MailboxNews[] } {
  const it = new MailboxSession({
    protocol: 'imap',
    username: 'alice@example.test',
    remoteAddress: '127.0.0.1',
    isTLS: true,
    clock: new SessionClock(),
    handlerTimeoutMs: 1000,
    onFailure: (name, error) => assert.fail(`${name}: ${error}`),
  })
  const news: MailboxNews[] = []
  it.onNews = what => news.push(what)
  mailbox.attach(it)
  it.currentFolder = folder
  return { it, news }
}

function refuses(code: string): (error: unknown) => boolean {
  return error => error instanceof Refusal && error.code === code
}

const ALL = { type: 'uid', ranges: [[1, Number.POSITIVE_INFINITY]] } as const

describe('the mailbox in memory', () => {
  test('keeps what is delivered, byte for byte, under growing UIDs', async () => {
    const mailbox = new MemoryMailbox()
    assert.equal(mailbox.deliver(RAW), 1)
    assert.equal(mailbox.deliver(RAW, { flags: ['Seen'], internalDate: 5000 }), 2)
    const { it } = session(mailbox, 'INBOX')
    const opened = await it.ask('openFolder', ['INBOX'], { readOnly: false })
    assert.equal(opened.total, 2)
    assert.equal(opened.unread, 1)
    assert.equal(opened.uidNext, 3)
    assert.deepEqual(await it.ask('resolveMessages', [ALL], {}), [1, 2])
    assert.deepEqual(await it.ask('resolveMessages', [{ type: 'uid', ranges: [[2, 9]] }], {}), [2])
    const [meta] = await it.ask('messageMeta', [[2]], {})
    assert.deepEqual(meta, {
      id: 2,
      uid: 2,
      size: RAW.length,
      internalDate: 5000,
      flags: ['Seen'],
      modseq: 3,
      saveDate: 0,
      emailId: 'M2',
    })
    assert.equal(await it.ask('messageBody', [1], {}), RAW)
  })

  test('tells every session that has the folder open what another one did, and not the one that did it', async () => {
    const mailbox = new MemoryMailbox()
    mailbox.deliver(RAW)
    mailbox.deliver(RAW)
    const [a, b, elsewhere] = [
      session(mailbox, 'INBOX'),
      session(mailbox, 'INBOX'),
      session(mailbox, 'Trash'),
    ]
    await a.it.ask('setFlags', [[1], ['Seen']], { mode: 'add', changed: ['Seen'] })
    assert.deepEqual(b.news, [{ kind: 'flags', uid: 1, flags: ['Seen'], modseq: 4 }])
    await a.it.ask('expunge', [[2]], {})
    assert.deepEqual(b.news[1], { kind: 'vanished', uids: [2] })
    assert.deepEqual(a.news, [])
    await elsewhere.it.ask('append', ['INBOX', RAW, []], {})
    assert.deepEqual(a.news, [{ kind: 'exists', total: 2 }])
    assert.deepEqual(elsewhere.news, [])
    b.it.closed()
    mailbox.deliver(RAW)
    assert.equal(b.news.length, 3)
  })

  test('sets, adds and removes flags, and leaves alone what has changed since', async () => {
    const mailbox = new MemoryMailbox()
    mailbox.deliver(RAW, { flags: ['Seen'] })
    mailbox.deliver(RAW)
    const { it } = session(mailbox, 'INBOX')
    const flags = (): string =>
      mailbox
        .messages()
        .map(message => message.flags.join('+'))
        .join(' ')
    await it.ask('setFlags', [[1, 2], []], { mode: 'add', changed: ['Flagged'] })
    assert.equal(flags(), 'Seen+Flagged Flagged')
    await it.ask('setFlags', [[1], []], { mode: 'remove', changed: ['Seen'] })
    assert.equal(flags(), 'Flagged Flagged')
    const before = mailbox.messages()[1]!.modseq
    const changed = await it.ask('setFlags', [[1, 2], []], {
      mode: 'set',
      changed: ['Draft'],
      unchangedSince: before,
    })
    assert.deepEqual(
      changed?.map(({ id, flags }) => [id, flags]),
      [[2, ['Draft']]],
    )
    assert.equal(flags(), 'Flagged Draft')
  })

  test('copies and moves, with the new UIDs in the answer', async () => {
    const mailbox = new MemoryMailbox()
    for (let i = 0; i < 3; i++) mailbox.deliver(RAW)
    const { it } = session(mailbox, 'INBOX')
    const copied = await it.ask('copyMessages', [[1, 3], 'Archive'], {})
    assert.deepEqual(copied?.uids, [1, 2])
    const moved = await it.ask('move', [[2], 'Archive'], {})
    assert.deepEqual(moved?.uids, [3])
    assert.equal(copied?.uidValidity, moved?.uidValidity)
    assert.deepEqual(
      mailbox.messages().map(message => message.uid),
      [1, 3],
    )
    await assert.rejects(it.ask('copyMessages', [[1], 'Nowhere'], {}), refuses('TRYCREATE'))
    await assert.rejects(it.ask('append', ['Nowhere', RAW, []], {}), refuses('TRYCREATE'))
    await assert.rejects(it.ask('messageBody', [2], {}), refuses('EXPUNGEISSUED'))
  })

  test('makes, renames and removes folders, with what is above and below them', async () => {
    const mailbox = new MemoryMailbox({ folders: [] })
    mailbox.deliver(RAW)
    const { it } = session(mailbox, 'INBOX')
    const names = async (): Promise<string[]> => (await it.ask('folders', [], {})).map(folder => folder.name)
    await it.ask('createFolder', ['a/b/c'], {})
    assert.deepEqual(await names(), ['INBOX', 'a', 'a/b', 'a/b/c'])
    await assert.rejects(it.ask('createFolder', ['a/b'], {}), refuses('ALREADYEXISTS'))
    await it.ask('renameFolder', ['a', 'z'], {})
    assert.deepEqual(await names(), ['INBOX', 'z', 'z/b', 'z/b/c'])
    await it.ask('deleteFolder', ['z/b/c'], {})
    await assert.rejects(it.ask('deleteFolder', ['z/b/c'], {}), refuses('NONEXISTENT'))
    await assert.rejects(it.ask('deleteFolder', ['INBOX'], {}), refuses('CANNOT'))
    await it.ask('renameFolder', ['INBOX', 'old'], {})
    assert.deepEqual([mailbox.messages().length, mailbox.messages('old').length], [0, 1])
    await it.ask('unsubscribe', ['old'], {})
    const old = (await it.ask('folders', [], {})).find(folder => folder.name === 'old')
    assert.equal(old?.subscribed, false)
  })

  test('a folder that is made anew is not taken for the old one', async () => {
    const mailbox = new MemoryMailbox({ folders: ['x'] })
    const { it } = session(mailbox)
    const before = await it.ask('openFolder', ['x'], { readOnly: true })
    await it.ask('deleteFolder', ['x'], {})
    await it.ask('createFolder', ['x'], {})
    const after = await it.ask('openFolder', ['x'], { readOnly: true })
    assert.ok(after.uidValidity > before.uidValidity)
  })

  test('a client that comes back learns what has changed and what has gone', async () => {
    const mailbox = new MemoryMailbox()
    for (let i = 0; i < 4; i++) mailbox.deliver(RAW)
    const { it } = session(mailbox, 'INBOX')
    const { uidValidity, highestModseq } = await it.ask('openFolder', ['INBOX'], { readOnly: true })
    await it.ask('setFlags', [[3], []], { mode: 'add', changed: ['Seen'] })
    await it.ask('expunge', [[1, 2]], {})
    const { changed, vanished } = await it.ask(
      'qresync',
      ['INBOX', { uidValidity, modseq: highestModseq! }],
      {},
    )
    assert.deepEqual(
      changed.map(message => message.uid),
      [3],
    )
    assert.deepEqual(vanished, [
      [1, 1],
      [2, 2],
    ])
    assert.deepEqual(
      await it.ask('resolveVanished', [{ type: 'uid', ranges: [[2, 9]] }, highestModseq!], {}),
      [[2, 2]],
    )
  })
})

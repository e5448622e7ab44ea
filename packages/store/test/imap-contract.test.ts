// One suite of IMAP dialogues against the reference backend in memory and against the store: each must say what the standard
// asks, and both must say the same.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ImapTalk, type Served, serveMemory, serveStore } from './imap-talk.ts'
import { test, testStore } from './support.ts'

type Dialogue = (served: Served, say: (talk: ImapTalk, command: string) => Promise<string>) => Promise<void>

/** What differs from one backend to another, and may. */
function comparable(text: string): string {
  return text
    .replace(/UIDVALIDITY \d+/g, 'UIDVALIDITY v')
    .replace(/(APPENDUID|COPYUID) \d+/g, '$1 v')
    .replace(/(HIGHESTMODSEQ) \d+/g, '$1 m')
    .replace(/MODSEQ \(?\d+\)?/g, 'MODSEQ m')
    .replace(/MAILBOXID \([^)]*\)/g, 'MAILBOXID (f)')
    .replace(/INTERNALDATE "[^"]*"/g, 'INTERNALDATE "d"')
    .replace(/^OK .*$/gm, 'OK')
    .replace(/^NO (\[[A-Z]+\])?.*$/gm, 'NO $1')
}

function dialogue(name: string, run: Dialogue): void {
  test(`memory and store: ${name}`, async t => {
    const logs: string[] = []
    for (const serve of [serveMemory, ofStore]) {
      const log: string[] = []
      await run(await serve(t), async (talk, command) => {
        const answer = await talk.say(command)
        log.push(`> ${command}`, comparable(answer))
        return answer
      })
      logs.push(log.join('\n'))
    }
    assert.equal(logs[1], logs[0])
  })
}

async function ofStore(t: TestContext): Promise<Served> {
  const { store } = await testStore(t)
  return serveStore(t, store)
}

function mail(number: number, fields: readonly string[] = [], text = `text ${number}`): string {
  const header = [`From: Sender ${number} <s${number}@x.test>`, `Subject: number ${number}`, ...fields]
  return `${header.join('\r\n')}\r\n\r\n${text}\r\n`
}

async function filled(talk: ImapTalk, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await talk.append('INBOX', mail(i))
  await talk.ok('SELECT INBOX')
}

dialogue('SELECT and STATUS count what was appended; flags survive being closed', async (served, say) => {
  const talk = await served.talk()
  await talk.append('INBOX', mail(1), '(\\Seen $Work) ')
  await talk.append('INBOX', mail(2), '"10-Oct-2026 10:00:00 +0200" ')
  const selected = await talk.ok('SELECT INBOX')
  assert.match(selected, /^\* 2 EXISTS\r$/m)
  assert.match(selected, /\[UIDNEXT 3\]/)
  await say(talk, 'STATUS INBOX (MESSAGES UNSEEN UIDNEXT DELETED SIZE)')
  assert.match(await say(talk, 'FETCH 1:* (UID FLAGS RFC822.SIZE)'), /FLAGS \(\\Seen \$Work\)/)
  assert.match(await say(talk, 'FETCH 2 INTERNALDATE'), /./)
  await say(talk, 'STORE 2 +FLAGS (\\Flagged)')
  await say(talk, 'CLOSE')
  await talk.ok('EXAMINE INBOX')
  assert.match(await say(talk, 'UID FETCH 2 FLAGS'), /FLAGS \(\\Flagged\) UID 2|UID 2 FLAGS \(\\Flagged\)/)
  assert.match(await say(talk, 'STORE 1 +FLAGS (\\Deleted)'), /^(?:NO|BAD)/m)
})

dialogue('messages are copied, moved, replaced and expunged under new UIDs', async (served, say) => {
  const talk = await served.talk()
  await filled(talk, 5)
  assert.match(await say(talk, 'COPY 1:2 Archive'), /COPYUID \d+ 1:2 1:2/)
  assert.match(await say(talk, 'MOVE 3 Archive'), /COPYUID \d+ 3 3/)
  assert.match(await say(talk, 'COPY 1 Nowhere'), /^NO \[TRYCREATE\]/m)
  assert.match(await say(talk, 'APPEND Nowhere {1+}\r\nx'), /^NO \[TRYCREATE\]/m)
  await say(talk, 'STORE 1,3 +FLAGS.SILENT (\\Deleted)')
  const expunged = await say(talk, 'UID EXPUNGE 1:4')
  assert.match(expunged, /^\* 1 EXPUNGE\r\n\* 2 EXPUNGE\r$/m)
  assert.match(await say(talk, 'UID FETCH 1:* (UID)'), /UID 2.*\r\n.*UID 5/)
  await say(talk, `REPLACE 1 INBOX (\\Draft) {7+}\r\nA: b\r\n\r`)
  await say(talk, 'FETCH 1:* (UID FLAGS)')
  await say(talk, 'STATUS Archive (MESSAGES UIDNEXT)')
})

dialogue('SEARCH, ESEARCH and saved results find the same', async (served, say) => {
  const talk = await served.talk()
  await talk.append(
    'INBOX',
    mail(1, ['Date: Sat, 10 Oct 2026 23:00:00 -0500'], 'Grüße aus Berlin'),
    '(\\Seen) ',
  )
  await talk.append('INBOX', mail(2, ['To: <bob@two.test>', 'List-Id: <news.list>'], 'plain'), '($Work) ')
  await talk.append('INBOX', mail(3, ['Cc: carol'], '  needle in a haystack  '), '(\\Flagged) ')
  await talk.ok('SELECT INBOX')
  const cases: readonly (readonly [string, string])[] = [
    ['ALL', '1 2 3'],
    ['UNSEEN', '2 3'],
    ['KEYWORD $work', '2'],
    ['NOT KEYWORD $Work', '1 3'],
    ['OR FLAGGED SEEN', '1 3'],
    ['SENTON 10-Oct-2026', '1'],
    ['SENTSINCE 11-Oct-2026', ''],
    ['FROM "SENDER 2"', '2'],
    ['TO bob', '2'],
    ['CC caro', '3'],
    ['HEADER List-Id NEWS', '2'],
    ['HEADER List-Id ""', '2'],
    ['BODY "EDLE IN"', '3'],
    ['BODY number', ''],
    ['TEXT "number 3"', '3'],
    ['BODY {6+}\r\nGRÜß', '1'],
    ['LARGER 1 SMALLER 10000', '1 2 3'],
    ['UID 2:* NOT TEXT needle', '2'],
    ['2:3 SUBJECT number', '2 3'],
    ['YOUNGER 3600', '1 2 3'],
    ['BODY "ha"', '3'],
  ]
  for (const [criteria, numbers] of cases) {
    const answer = await say(talk, `SEARCH ${criteria}`)
    const found = /^\* SEARCH ?(.*?)\r$/m.exec(answer)?.[1]
    assert.equal(found, numbers, criteria)
  }
  assert.match(await say(talk, 'SEARCH RETURN (MIN MAX COUNT) NOT SEEN'), /MIN 2 MAX 3 COUNT 2/)
  await say(talk, 'SEARCH RETURN (SAVE) FLAGGED')
  assert.match(await say(talk, 'FETCH $ (UID)'), /UID 3/)
})

dialogue('SORT and THREAD put messages in their order', async (served, say) => {
  const talk = await served.talk()
  const mails = [
    mail(1, ['Date: Mon, 12 Oct 2026 10:00:00 +0000', 'Message-ID: <a@x>', 'Cc: zed@x']),
    mail(2, ['Date: Sun, 11 Oct 2026 10:00:00 +0000', 'Message-ID: <b@x>', 'References: <a@x>']),
    mail(3, ['Date: Sun, 11 Oct 2026 12:00:00 +0300', 'Message-ID: <c@x>', 'In-Reply-To: <b@x>']),
    mail(4, ['Cc: Ann <ann@x>'], 'a longer text than the others have '.repeat(9)),
  ]
  for (const [i, each] of mails.entries()) {
    await talk.append('INBOX', each, `"${11 + (i % 3)}-Oct-2026 10:00:00 +0000" `)
  }
  await talk.ok('SELECT INBOX')
  assert.match(await say(talk, 'SORT (DATE) UTF-8 ALL'), /^\* SORT 3 2 4 1\r$/m)
  assert.match(await say(talk, 'UID SORT (REVERSE SIZE) UTF-8 UID 1,4'), /^\* SORT 4 1\r$/m)
  for (const keys of ['CC SUBJECT', 'REVERSE FROM', 'DISPLAYFROM', 'REVERSE ARRIVAL DATE', 'TO'])
    await say(talk, `SORT (${keys}) UTF-8 ALL`)
  assert.match(await say(talk, 'THREAD REFERENCES UTF-8 ALL'), /^\* THREAD \(4\)\(1 2 3\)\r$/m)
  await say(talk, 'THREAD ORDEREDSUBJECT UTF-8 NOT CC ann')
})

dialogue('folders are made, listed, renamed, subscribed and deleted', async (served, say) => {
  const talk = await served.talk()
  await talk.ok('SELECT INBOX')
  assert.match(await say(talk, 'CREATE a/b'), /^OK/m)
  assert.match(await say(talk, 'CREATE a'), /^NO \[ALREADYEXISTS\]/m)
  await say(talk, 'RENAME a c')
  assert.match(await say(talk, 'LIST "" "c*"'), /"c\/b"|c\/b/)
  await say(talk, 'UNSUBSCRIBE c')
  await say(talk, 'SUBSCRIBE c/b')
  const listed = await talk.ok('LIST "" "*" RETURN (SPECIAL-USE)')
  for (const use of ['Sent', 'Drafts', 'Trash', 'Junk', 'Archive'])
    assert.ok(listed.includes(`\\${use}`), use)
  await say(talk, 'DELETE c/b')
  assert.match(await say(talk, 'SELECT c/b'), /^NO \[NONEXISTENT\]/m)
  await say(talk, 'STATUS c (MESSAGES)')
})

dialogue('CONDSTORE and QRESYNC tell a client that comes back what it missed', async (served, say) => {
  const talk = await served.talk()
  await talk.ok('ENABLE QRESYNC')
  await filled(talk, 6)
  const state = await talk.ok('STATUS INBOX (UIDVALIDITY HIGHESTMODSEQ)')
  const validity = /UIDVALIDITY (\d+)/.exec(state)![1]
  const modseq = /HIGHESTMODSEQ (\d+)/.exec(state)![1]
  await say(talk, 'UID STORE 4 +FLAGS.SILENT (\\Seen)')
  await say(talk, 'UID STORE 2,5 +FLAGS.SILENT (\\Deleted)')
  assert.match(await say(talk, 'EXPUNGE'), /^\* VANISHED 2,5\r$/m)
  const fetched = await talk.ok(`UID FETCH 1:6 (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)`)
  assert.match(fetched, /^\* VANISHED \(EARLIER\) 2,5\r$/m)
  assert.match(fetched, /UID 4/)
  assert.ok(!/UID 1\b/.test(fetched))
  await talk.ok('CLOSE')
  const selected = await talk.ok(`SELECT INBOX (QRESYNC (${validity} ${modseq} 1:6))`)
  assert.match(selected, /^\* VANISHED \(EARLIER\) 2,5\r$/m)
  assert.match(selected, /FETCH \(UID 4 FLAGS \(\\Seen\)/)
  const failed = await talk.ok(`UID STORE 1,4 (UNCHANGEDSINCE ${modseq}) +FLAGS.SILENT (\\Flagged)`)
  assert.match(failed, /\[MODIFIED 4\]/)
})

dialogue('a second session hears of what the first one does', async (served, say) => {
  const [first, second] = [await served.talk(), await served.talk()]
  await filled(first, 3)
  await second.ok('SELECT INBOX')
  await first.ok('STORE 1 +FLAGS (\\Deleted)')
  assert.match(await second.ok('NOOP'), /\* 1 FETCH \(.*\\Deleted/)
  await first.ok('EXPUNGE')
  await first.append('INBOX', mail(9))
  const news = await say(second, 'NOOP')
  assert.match(news, /^\* 1 EXPUNGE\r$/m)
  assert.match(news, /^\* 3 EXISTS\r$/m)
  second.write('i IDLE')
  await second.until(/^\+ .*\r\n/m)
  await first.append('INBOX', mail(10))
  await second.until(/^\* 4 EXISTS\r\n/m)
  second.write('DONE')
  await second.until(/^i OK.*\r\n/m)
})

// Mail programs that change a mailbox on both sides: neomutt with QRESYNC and a cache, offlineimap with a Maildir, Python's imaplib.
import assert from 'node:assert/strict'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { neomutt, offlineimap } from '../support/imap-programs.ts'
import { type ImapServer, imapServer, letter } from '../support/imap-server.ts'
import { run } from '../support/programs.ts'

const NAMES = ['one', 'two', 'three', 'four', 'five']

async function withLetters(): Promise<ImapServer> {
  const server = await imapServer()
  for (const name of NAMES) server.mailbox.deliver(letter(name))
  return server
}

/** Subjects in a folder, with the flags that matter here. */
function seen({ mailbox }: ImapServer, folder = 'INBOX'): string[] {
  return mailbox.messages(folder).map(({ raw, flags }) => {
    const subject = /^Subject: (.*)\r$/m.exec(Buffer.from(raw).toString('latin1'))?.[1]
    const marks = flags.filter(flag => /^(Seen|Flagged|Answered|Deleted)$/.test(flag)).sort()
    return [subject, ...marks].join(' ')
  })
}

test('neomutt flags, moves and deletes, and comes back with QRESYNC to what others have changed', async () => {
  await using server = await withLetters()
  await using client = await neomutt(server.port)
  await client.types(
    '<limit>~s two<enter><save-message><kill-line>+Archive<enter><limit>all<enter>' +
      '<limit>~s three<enter><flag-message><limit>all<enter><limit>~s four<enter><delete-message><limit>all<enter>',
  )
  assert.deepEqual(seen(server), ['one', 'three Flagged', 'five'])
  assert.deepEqual(seen(server, 'Archive'), ['two'])

  // while it is away a message comes, and its cache knows three others
  server.mailbox.deliver(letter('six'))
  const shown = await client.types(
    '<limit>~s six<enter><flag-message><limit>all<enter><limit>~s one<enter><delete-message><limit>all<enter>',
  )
  assert.match(shown, /six/)
  assert.deepEqual(seen(server), ['three Flagged', 'five', 'six Flagged'])
  assert.deepEqual(server.failures, [])
})

test('offlineimap syncs both ways, and finds nothing to do the second time', async () => {
  await using server = await withLetters()
  await using client = await offlineimap(server.port)
  await client.sync()
  const inbox = join(client.maildir, 'INBOX')
  const fresh = (await readdir(join(inbox, 'new'))).sort()
  assert.equal(fresh.length, NAMES.length)

  // here: one flagged and read, one new; there: one new
  const [name] = fresh
  await rename(join(inbox, 'new', name!), join(inbox, 'cur', `${name!.replace(/:2,.*$/, '')}:2,FS`))
  await writeFile(join(inbox, 'new', '1.drafted.example'), letter('drafted').toString().replaceAll('\r', ''))
  server.mailbox.deliver(letter('six'))
  await client.sync()
  const there = seen(server)
  assert.equal(there.filter(each => each.endsWith(' Flagged Seen')).length, 1)
  assert.ok(there.includes('drafted'))
  const files = async (): Promise<string[]> =>
    [...(await readdir(join(inbox, 'new'))), ...(await readdir(join(inbox, 'cur')))].sort()
  assert.equal((await files()).length, NAMES.length + 2)

  const before = await files()
  const again = await client.sync()
  assert.doesNotMatch(again, /Copy message|Adding|Deleting|Removing/)
  assert.deepEqual(await files(), before)
  assert.deepEqual(server.failures, [])
})

const IMAPLIB = `
import imaplib, sys
imaplib.Commands.update({'GETQUOTAROOT': ('AUTH', 'SELECTED')})
box = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))
box.login('bob', 'password')
capabilities = set(box.capability()[1][0].decode().split())
def untagged(name):
    return box.response(name)[1]
print('namespace', box.namespace()[1][0].decode())
assert box.enable('CONDSTORE')[0] == 'OK'
assert box.select('INBOX')[0] == 'OK'
first = int(untagged('HIGHESTMODSEQ')[0])
status, [uids] = box.uid('SORT', '(REVERSE SUBJECT)', 'UTF-8', 'ALL')
print('sort', uids.decode())
status, threads = box.uid('THREAD', 'REFERENCES', 'UTF-8', 'ALL')
print('thread', threads[0].decode())
box.uid('STORE', '2', '(UNCHANGEDSINCE %d)' % first, '+FLAGS', '(\\\\Flagged)')
status, data = box.uid('FETCH', '1:*', '(FLAGS)', '(CHANGEDSINCE %d)' % first)
print('changed', len([each for each in data if each]))
status, data = box.uid('FETCH', '1', '(EMAILID PREVIEW SAVEDATE BINARY.SIZE[1] BINARY.PEEK[1])')
assert status == 'OK', data
print('binary', data[0][1])
status, data = box.uid('MOVE', '1', 'Archive')
assert status == 'OK', data
print('copyuid', untagged('COPYUID'))
status, data = box.status('Archive', '(MESSAGES UIDNEXT HIGHESTMODSEQ SIZE)')
print('status', data[0].decode())
status, data = box.append('INBOX', '(\\\\Seen)', None, b'Subject: appended\\r\\n\\r\\nText\\r\\n')
assert status == 'OK' and b'APPENDUID' in data[0], data
status, data = box._simple_command('SEARCH', 'RETURN', '(MIN MAX COUNT)', 'ALL')
print('esearch', untagged('ESEARCH'))
assert box.unselect()[0] == 'OK'
box.logout()
`

test("Python's imaplib reads SORT, THREAD, ESEARCH, CONDSTORE, BINARY, OBJECTID, MOVE and STATUS as the RFCs have them", async () => {
  await using server = await withLetters()
  const printed = (await run('python3', ['-c', IMAPLIB, String(server.port)])).toString()
  const said = new Map(
    printed.split('\n').map(line => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]),
  )
  assert.equal(said.get('sort'), '2 3 1 4 5')
  assert.equal(said.get('thread'), '(1)(2)(3)(4)(5)')
  assert.equal(said.get('changed'), '1')
  assert.match(said.get('binary')!, /Body of one/)
  assert.match(said.get('copyuid')!, /b'\d+ 1 1'/)
  assert.match(said.get('status')!, /^Archive \(MESSAGES 1 UIDNEXT 2 HIGHESTMODSEQ \d+ SIZE \d+\)$/)
  assert.match(said.get('esearch')!, /MIN 1 MAX 5 COUNT 5/)
  assert.equal(said.get('namespace'), '(("" "/")) NIL NIL')
  assert.deepEqual(server.failures, [])
})

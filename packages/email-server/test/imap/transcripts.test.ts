// The RFCs' example dialogues that concern this server, replayed whole, byte by byte and cut at every point.
import { Refusal, type RefusalCode } from '../../src/base/errors.ts'
import type { Limits } from '../../src/base/limits.ts'
import type { Folder, FolderNews, MailboxHandlers, MailboxSession, Quota } from '../../src/mailbox/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { testTranscripts } from '../support/transcripts.ts'
import { testSession } from './setup.ts'

// One mailbox for all connections of a transcript. Its options: `tls=later` begins in clear, `folders=a b Sent:Sent` are
// the folders beside INBOX (with their special use, or `-` when they are not subscribed). Blocks called m1, m2, … are messages in INBOX; `messages=12` fills
// it up to that many. `refusing`: a folder that is called like a response code is refused with it. `message-limit`, `save-limit` are limits, `jmap` is a URL. `deflate`: the transport can compress. `extras` adds the handlers that the mailbox in memory has not: quotas and notes; `acl` those of access control. `do deliver NAME` delivers a block, `do flags UID FLAG …` says what is known of a message.
testTranscripts('imap', transcript => {
  const { options, blocks } = transcript
  const folders = options.get('folders')
  const mailbox = new MemoryMailbox({
    now: () => Date.UTC(1996, 6, 17, 9, 44, 25),
    ...(folders === undefined ? {} : { folders: folders.split(' ').filter(Boolean).map(folderOf) }),
  })
  const deliver = (text: string): unknown => mailbox.deliver(Buffer.from(text, 'latin1'))
  for (const [name, text] of blocks) if (/^m[0-9]+$/.test(name)) deliver(text)
  const deleted = (options.get('deleted') ?? '').split(' ').map(Number)
  for (let uid = mailbox.messages().length + 1; uid <= Number(options.get('messages') ?? 0); uid++) {
    mailbox.deliver(Buffer.from(`Subject: message ${uid}\r\n\r\nHello\r\n`), {
      flags: deleted.includes(uid) ? ['Deleted'] : [],
    })
  }
  const clear = options.get('tls') === 'later'
  const lists = accessLists()
  const sessions: MailboxSession[] = []
  const attach = (session: MailboxSession): void => {
    if (options.has('refusing')) {
      const use = session.use.bind(session)
      session.use = (handlers, more) => use(refusing(handlers), more)
    }
    mailbox.attach(session)
    if (options.has('extras')) {
      sessions.push(session)
      const others = (): MailboxSession[] => sessions.filter(other => other !== session)
      session.use(
        extras(news => {
          for (const other of others()) other.notifyFolder(news)
        }),
      )
    }
    if (options.has('acl')) session.use(lists)
    const jmap = options.get('jmap')
    if (jmap !== undefined) session.use({ jmapAccess: () => jmap })
  }
  return {
    open: (_connection, now) =>
      testSession({
        mailbox,
        attach,
        now,
        canDeflate: options.has('deflate'),
        limits: limitsOf(options),
        ...(clear ? { tls: null, canUpgrade: true } : {}),
      }).session,
    actions: { deliver },
  }
})

function limitsOf(options: ReadonlyMap<string, string>): Partial<Limits> {
  const [messages, saved] = [options.get('message-limit'), options.get('save-limit')]
  return {
    ...(messages && { imapMessageLimit: Number(messages) }),
    ...(saved && { imapSaveLimit: Number(saved) }),
  }
}

function folderOf(word: string): Folder {
  const [name = '', about = null] = word.split(':')
  return about === '-' ? { name, subscribed: false } : { name, specialUse: about }
}

/** @param tell hears of notes that have changed */
function extras(tell: (news: FolderNews) => void): MailboxHandlers {
  const notes = new Map<string, Uint8Array>()
  const alice = (): Quota => ({
    root: '#user/alice',
    resources: [
      { name: 'STORAGE', usage: 1025, limit: 512 * 1024 },
      { name: 'MESSAGE', usage: 42, limit: 1000 },
    ],
  })
  return {
    quota(root) {
      if (root !== '#user/alice') throw new Refusal('NONEXISTENT', 'no such root')
      return alice()
    },
    quotaRoot: () => [alice(), { root: '', resources: [] }],
    setQuota: (root, limits) => ({
      root,
      resources: limits.map(({ name, limit }) => ({
        name,
        limit,
        usage: alice().resources.find(each => each.name === name)?.usage ?? 0,
      })),
    }),
    getMetadata(folder, paths, { depth }) {
      const wanted = (name: string): boolean =>
        paths.some(path => name === path || (depth !== 0 && name.startsWith(`${path}/`)))
      return [...notes]
        .map(([key, value]) => ({ folder: key.split(' ')[0]!, name: key.split(' ')[1]!, value }))
        .filter(note => note.folder === folder && wanted(note.name))
        .map(({ name, value }) => ({ name, value }))
    },
    setMetadata(folder, entries) {
      for (const { name, value } of entries) {
        if (name.endsWith('toomany')) throw new Refusal('LIMIT', 'too many')
        if (name.endsWith('toobig')) throw new Refusal('TOOBIG', 'too big')
        if (value) notes.set(`${folder} ${name}`, value)
        else notes.delete(`${folder} ${name}`)
      }
      tell({ kind: 'metadata', folder, entries: entries.map(({ name }) => name) })
      return undefined
    },
  }
}

/** Handlers to which a folder that is called like a response code is refused with it; `broken` is a fault. */
function refusing(handlers: MailboxHandlers): MailboxHandlers {
  const asked = Object.entries(handlers).map(([name, handler]) => [
    name,
    (...args: unknown[]): unknown => {
      for (const arg of args) {
        if (typeof arg !== 'string') continue
        if (arg === 'broken') throw new Error('not for the client')
        if (/^[A-Z]{4,}$/.test(arg) && arg !== 'INBOX') throw new Refusal(arg as RefusalCode, 'refused')
      }
      return (handler as (...all: unknown[]) => unknown)(...args)
    },
  ])
  return Object.fromEntries(asked) as MailboxHandlers
}

/** The lists of RFC 4314's examples. */
function accessLists(): MailboxHandlers {
  const lists = new Map([
    [
      'INBOX',
      new Map([
        ['Fred', 'rwipslxetad'],
        ['-Fred', 'wetd'],
        ['$team', 'w'],
      ]),
    ],
    [
      'Drafts',
      new Map([
        ['Fred', 'rwipslxetad'],
        ['Chris', 'lrswi'],
      ]),
    ],
  ])
  const listOf = (folder: string): Map<string, string> => {
    const list = lists.get(folder)
    if (!list) throw new Refusal('NONEXISTENT', 'there is no such folder')
    return list
  }
  return {
    getAcl: folder => [...listOf(folder)].map(([identifier, rights]) => ({ identifier, rights })),
    setAcl(folder, identifier, rights, { mode }) {
      if (identifier === 'anyone') throw new Refusal('NOPERM', 'not for anyone')
      const old = mode === 'set' ? '' : (listOf(folder).get(identifier) ?? '')
      const kept = [...old].filter(right => mode === 'add' || !rights.includes(right)).join('')
      listOf(folder).set(identifier, mode === 'remove' ? kept : kept + rights)
      return undefined
    },
    deleteAcl(folder, identifier) {
      listOf(folder).delete(identifier)
      return undefined
    },
    listRights: (_folder, identifier) =>
      identifier === 'smith'
        ? { required: 'la', optional: ['r', 'swikxte'] }
        : { required: '', optional: ['l', 'r', 's', 'w', 'i', 'p', 'k', 'x', 't', 'e', 'a', '0'] },
    myRights: folder => (folder === 'INBOX' ? 'rwiptsldaex' : listOf(folder).get('Chris')!),
  }
}

// email-server with one folder that everybody has open; APPEND puts a message there, and all are told.
import { createServer } from 'email-server'
import type { MailboxSession } from 'email-server/mailbox'
import { serve } from '../harness/child.ts'

const server = createServer({
  host: '127.0.0.1',
  ports: { imap: 0 },
  allowInsecureAuth: true,
  limits: { connectionsPerAddress: 100_000, connectionsPerUser: 100_000 },
})
let count = 10
const sessions = new Set<MailboxSession>()
const numbers = (low: number): number[] =>
  Array.from({ length: Math.max(0, count - low + 1) }, (_, i) => low + i)
server.on('auth', info => info.accept())
server.on('mailboxSession', session => {
  sessions.add(session)
  session.on('close', () => sessions.delete(session))
  session.use({
    folders: async () => [{ name: 'INBOX' }],
    openFolder: async () => ({ uidValidity: 1, uidNext: count + 1, total: count, unread: 0 }),
    resolveMessages: async ({ ranges }) => ranges.flatMap(([low]) => numbers(low)),
    append: async () => {
      count++
      for (const each of sessions) each.notifyExists(count)
      return undefined
    },
  })
})
await server.listen()
serve(server.ports.imap!)

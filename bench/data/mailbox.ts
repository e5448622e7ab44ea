// A mailbox in memory as a store would keep it: 10,000 messages of the kinds that people have, with their bodies if need be.
import type { MailboxHandlers, MessageRange } from 'email-server/mailbox'
import type { BodyStructure, Envelope, EnvelopeAddress } from 'email-server/mime'

export const MESSAGES = 10_000

function address(name: string, mailbox: string, host: string): EnvelopeAddress {
  return { name, route: null, mailbox, host }
}

function text(subtype: string, size: number): BodyStructure {
  return {
    kind: 'single',
    type: 'text',
    subtype,
    parameters: [['charset', 'utf-8']],
    id: null,
    description: null,
    encoding: 'quoted-printable',
    size,
    lines: Math.ceil(size / 70),
    message: null,
    md5: null,
    disposition: null,
    language: null,
    location: null,
  }
}

function attachment(filename: string, size: number): BodyStructure {
  return {
    kind: 'single',
    type: 'application',
    subtype: 'pdf',
    parameters: [['name', filename]],
    id: null,
    description: null,
    encoding: 'base64',
    size,
    lines: null,
    message: null,
    md5: null,
    disposition: { type: 'attachment', parameters: [['filename', filename]] },
    language: null,
    location: null,
  }
}

function multipart(subtype: string, boundary: string, parts: readonly BodyStructure[]): BodyStructure {
  return {
    kind: 'multipart',
    subtype,
    parameters: [['boundary', boundary]],
    parts,
    disposition: null,
    language: null,
    location: null,
  }
}

function envelope(uid: number): Envelope {
  const from = [address(`Sender ${uid % 500}`, `sender${uid % 500}`, `domain${uid % 97}.example`)]
  return {
    date: `Thu, ${1 + (uid % 28)} Oct 2026 10:${10 + (uid % 50)}:00 +0000`,
    subject: uid % 3 === 0 ? `Re: Minutes of meeting ${uid}` : `=?utf-8?Q?Gr=C3=BC=C3=9Fe_Nummer_${uid}?=`,
    from,
    sender: from,
    replyTo: from,
    to: [address('Alice Example', 'alice', 'example.test')],
    cc: uid % 5 === 0 ? [address('Bob', 'bob', 'example.test'), address('Carol', 'carol', 'c.example')] : [],
    bcc: [],
    inReplyTo: uid % 3 === 0 ? `<${uid - 1}.abcdef@domain${uid % 97}.example>` : null,
    messageId: `<${uid}.abcdef@domain${uid % 97}.example>`,
  }
}

function structure(uid: number): BodyStructure {
  if (uid % 3 === 0) return text('plain', 1500 + (uid % 900))
  const alternative = multipart('alternative', `=_alt_${uid}`, [text('plain', 1200), text('html', 6000)])
  if (uid % 3 === 1) return alternative
  return multipart('mixed', `=_mixed_${uid}`, [alternative, attachment(`report-${uid}.pdf`, 18_000)])
}

function fields(mail: Envelope): string[] {
  const list = (addresses: readonly EnvelopeAddress[]): string =>
    addresses.map(({ name, mailbox, host }) => `${name} <${mailbox}@${host}>`).join(', ')
  return [
    `From: ${list(mail.from)}`,
    `To: ${list(mail.to)}`,
    ...(mail.cc.length > 0 ? [`Cc: ${list(mail.cc)}`] : []),
    `Subject: ${mail.subject}`,
    `Date: ${mail.date}`,
    `Message-ID: ${mail.messageId}`,
    ...(mail.inReplyTo ? [`In-Reply-To: ${mail.inReplyTo}`] : []),
    'MIME-Version: 1.0',
  ]
}

function written(part: BodyStructure): string {
  const pairs = part.parameters.map(([name, value]) => `; ${name}="${value}"`).join('')
  if (part.kind === 'multipart') {
    const boundary = part.parameters[0]![1]
    const parts = part.parts.map(inner => `--${boundary}\r\n${written(inner)}\r\n`)
    return `Content-Type: multipart/${part.subtype}${pairs}\r\n\r\n${parts.join('')}--${boundary}--\r\n`
  }
  const disposition = part.disposition
    ? `Content-Disposition: ${part.disposition.type}; filename="${part.disposition.parameters[0]![1]}"\r\n`
    : ''
  const line = `${'abcdefghi '.repeat(7).trimEnd()}\r\n`
  const body = line.repeat(Math.floor(part.size / line.length))
  return `Content-Type: ${part.type}/${part.subtype}${pairs}\r\nContent-Transfer-Encoding: ${part.encoding}\r\n${disposition}\r\n${body}`
}

/** The whole message, for servers that want one: 1 to 27 KB, 11 on average. */
export function rawMessage(uid: number): string {
  return `${fields(envelope(uid)).join('\r\n')}\r\n${written(structure(uid))}`
}

/** Handlers that answer everything a listing asks from arrays; with `bodies` the whole messages too. */
export function mailboxInMemory({
  bodies = false,
  count = MESSAGES,
}: {
  bodies?: boolean
  count?: number
} = {}): MailboxHandlers {
  const uids = Array.from({ length: count }, (_, i) => i + 1)
  const metas = uids.map(uid => ({
    id: uid,
    uid,
    size: 4000 + ((uid * 7919) % 14_000),
    internalDate: Date.UTC(2026, 0, 1) + uid * 1_800_000,
    flags: uid % 4 === 0 ? ['Seen', 'Answered'] : ['Seen'],
  }))
  const envelopes = uids.map(envelope)
  const structures = uids.map(structure)
  const raws = bodies ? uids.map(uid => Buffer.from(rawMessage(uid))) : []
  const index = (id: string | number): number => Number(id) - 1
  return {
    folders: async () => [{ name: 'INBOX' }],
    openFolder: async () => ({ uidValidity: 1, uidNext: count + 1, total: count }),
    resolveMessages: async ({ ranges }) => within(uids, ranges),
    messageMeta: async ids => ids.map(id => metas[index(id)]!),
    messageEnvelope: async ids => ids.map(id => envelopes[index(id)]!),
    messageBodyStructure: async ids => ids.map(id => structures[index(id)]!),
    ...(bodies && { messageBody: async id => raws[index(id)]! }),
  }
}

/** Handlers of a folder that has so many messages, of which nobody knows more than their numbers. */
export function numbersInMemory(count: number): MailboxHandlers {
  const uids = Array.from({ length: count }, (_, i) => i + 1)
  return {
    folders: async () => [{ name: 'INBOX' }],
    openFolder: async () => ({ uidValidity: 1, uidNext: count + 1, total: count, unread: 0 }),
    resolveMessages: async ({ ranges }) => within(uids, ranges),
    messageMeta: async ids =>
      ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: ['Seen'] })),
  }
}

/** The UIDs 1, 2, 3, … in these ranges, found as an index finds them. */
function within(uids: readonly number[], ranges: MessageRange['ranges']): readonly number[] {
  const [first] = ranges
  if (ranges.length === 1 && first![0] <= 1 && first![1] === Number.POSITIVE_INFINITY) return uids
  return ranges.flatMap(([low, high]) => uids.slice(low - 1, high))
}

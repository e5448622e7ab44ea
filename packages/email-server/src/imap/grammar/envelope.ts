// ENVELOPE (RFC 3501 §7.4.2, §9; RFC 9051 §7.5.2).
import type { Envelope, EnvelopeAddress } from '../../mime/index.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { Grammar } from './grammar.ts'

// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
//            env-in-reply-to SP env-message-id ")"
export const envelope: Grammar<Envelope> = {
  read: readEnvelope,
  write: writeEnvelope,
  samples: [
    {
      date: 'Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
      subject: 'IMAP4rev1 WG mtg summary and minutes',
      from: [{ name: 'Terry Gray', route: null, mailbox: 'gray', host: 'cac.washington.edu' }],
      sender: [{ name: 'Terry "T" Gray', route: null, mailbox: 'gray', host: 'cac.washington.edu' }],
      replyTo: [{ name: null, route: '@a,@b', mailbox: 'gray', host: 'cac.washington.edu' }],
      to: [],
      cc: [
        { name: null, route: null, mailbox: 'undisclosed', host: null },
        { name: null, route: null, mailbox: null, host: null },
      ],
      bcc: [],
      inReplyTo: null,
      messageId: '<B27397-0100000@cac.washington.edu>',
    },
    {
      date: null,
      subject: 'Grüße\tund mehr',
      from: [],
      sender: [],
      replyTo: [],
      to: [],
      cc: [],
      bcc: [],
      inReplyTo: '',
      messageId: null,
    },
  ],
}

export function readEnvelope(r: Reader): Envelope {
  r.open()
  const date = r.nstring()
  const subject = r.sp().nstring()
  const [from, sender, replyTo, to, cc, bcc] = [0, 1, 2, 3, 4, 5].map(() => readAddresses(r.sp()))
  const inReplyTo = r.sp().nstring()
  const messageId = r.sp().nstring()
  r.close()
  return {
    date,
    subject,
    from: from!,
    sender: sender!,
    replyTo: replyTo!,
    to: to!,
    cc: cc!,
    bcc: bcc!,
    inReplyTo,
    messageId,
  }
}

// env-from = "(" 1*address ")" / nil
function readAddresses(r: Reader): readonly EnvelopeAddress[] {
  if (r.tryKeyword('NIL')) return []
  const list: EnvelopeAddress[] = []
  r.open()
  do {
    r.open()
    const name = r.nstring()
    const route = r.sp().nstring()
    const mailbox = r.sp().nstring()
    const host = r.sp().nstring()
    r.close()
    list.push({ name, route, mailbox, host })
    r.try(' ')
  } while (r.peek() === 0x28)
  r.close()
  return list
}

export function writeEnvelope(w: Writer, value: Envelope): void {
  w.raw('(').nstring(value.date).raw(' ').nstring(value.subject)
  writeAddresses(w, value.from)
  writeAddresses(w, value.sender)
  writeAddresses(w, value.replyTo)
  writeAddresses(w, value.to)
  writeAddresses(w, value.cc)
  writeAddresses(w, value.bcc)
  w.raw(' ').nstring(value.inReplyTo).raw(' ').nstring(value.messageId).raw(')')
}

// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
function writeAddresses(w: Writer, list: readonly EnvelopeAddress[]): void {
  if (list.length === 0) {
    w.raw(' NIL')
    return
  }
  w.raw(' (')
  for (const address of list) {
    w.raw('(').nstring(address.name).raw(' ').nstring(address.route)
    w.raw(' ').nstring(address.mailbox).raw(' ').nstring(address.host).raw(')')
  }
  w.raw(')')
}

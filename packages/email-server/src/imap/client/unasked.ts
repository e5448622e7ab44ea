// What the server tells of the open mailbox, asked or not (RFC 3501 §7.3, §7.4, RFC 7162 §3.2.10): the mailbox is kept as it is now, and whoever
// listens is told.
import type { Emitter } from '../../base/emitter.ts'
import { closedRanges, countOf } from '../../base/ranges.ts'
import { protocolError } from './faults.ts'
import { MessageRecord, readFetch } from './fetched.ts'
import type { OpenMailbox } from './mailbox.ts'
import type { ImapClientEvents } from './options.ts'
import type { DataResponse } from './responses.ts'
import { readRanges } from './values.ts'

export interface UnaskedPort {
  readonly events: Emitter<ImapClientEvents>
  /** The open mailbox, or the one that is about to be. */
  readonly mailbox: OpenMailbox | null
  /** It is not open yet: what comes describes it, and is no news. */
  readonly opening: boolean
  /** The message at hand, when its body has been passed on already. */
  takeStreamed(): MessageRecord | null
  /** Was it an answer? */
  answers(data: DataResponse): boolean
}

/** Throws for what cannot be so. */
export function hearData(response: DataResponse, port: UnaskedPort): void {
  const { mailbox } = port
  switch (response.name) {
    case 'FETCH':
      hearMessage(response, port)
      return
    case 'EXISTS':
      if (mailbox && response.number !== null) hearTotal(response.number, mailbox, port)
      return
    case 'RECENT':
      if (!mailbox || response.number === null) return
      mailbox.recent = response.number
      if (!port.opening) port.events.emit('recent', response.number)
      return
    case 'EXPUNGE':
      if (mailbox && response.number !== null) hearExpunge(response.number, mailbox, port)
      return
    case 'VANISHED':
      if (!port.answers(response) && mailbox) hearVanished(response, mailbox, port)
      return
    default:
      port.answers(response)
  }
}

function hearTotal(total: number, mailbox: OpenMailbox, { opening, events }: UnaskedPort): void {
  const previous = mailbox.total
  mailbox.total = total
  // it never shrinks but by EXPUNGE (RFC 3501 §7.3.1): what was known is worth nothing
  if (total < previous) mailbox.numbers.clear()
  if (!opening && total !== previous) events.emit('exists', total, previous)
}

function hearExpunge(number: number, mailbox: OpenMailbox, { events }: UnaskedPort): void {
  if (number < 1 || number > mailbox.total)
    throw protocolError(`the server expunges message ${number} of ${mailbox.total}`)
  mailbox.total--
  events.emit('expunge', number, mailbox.numbers.expunge(number))
}

function hearVanished({ reader }: DataResponse, mailbox: OpenMailbox, { events }: UnaskedPort): void {
  reader.try(' ')
  const earlier = reader.try('(')
  if (earlier) {
    reader.keyword()
    reader.expect(')').sp()
  }
  const uids = readRanges(reader)
  if (!earlier) {
    const gone = countOf(uids)
    if (gone > mailbox.total)
      throw protocolError(`the server says that ${gone} of ${mailbox.total} messages are gone`)
    mailbox.total -= gone
    mailbox.numbers.vanish(uids)
  }
  events.emit('vanished', closedRanges(uids), earlier)
}

function hearMessage(response: DataResponse, port: UnaskedPort): void {
  const { mailbox } = port
  const streamed = port.takeStreamed()
  const message = streamed ?? new MessageRecord(response.number ?? 0)
  readFetch(response.reader, message, false)
  if (streamed) message.bodies.clear()
  if (!mailbox) return
  const { seq, uid, flags, modseq = null } = message
  // a server that tells of a message before it has counted it is not believed in its numbers
  if (uid > 0 && seq > 0 && (seq <= mailbox.total || port.opening)) mailbox.numbers.learn(seq, uid)
  response.message = message
  if (port.answers(response) || !flags) return
  port.events.emit('flags', { seq, uid: uid || mailbox.numbers.uidOf(seq), flags, modseq })
}

// Bounces of mail systems that write no DSN, told by their texts: qmail's (QSBMF, cr.yp.to/proto/qsbmf.txt), Exim's and the DragonFly Mail Agent's.
// Only of messages that come from a mail system by their own word, and only in forms that nobody writes by hand.
import { fromLatin1, latin1 } from '../base/bytes.ts'
import { type HeaderBlock, splitHeader } from '../mime/index.ts'
import { decodeUnlabelled } from '../text/index.ts'
import type { DsnAction } from './dsn-options.ts'
import { isPermanent, statusIn } from './read-dsn.ts'
import type { RecipientReport } from './report-types.ts'

export interface Bounce {
  readonly recipients: readonly RecipientReport[]
  readonly reportingMta: string | null
  /** The header of the original, where the text goes on with it. */
  readonly original: HeaderBlock | null
}

/** What is read of the text, octets. */
const SIZE_LIMIT = 256 * 1024
const RECIPIENTS_LIMIT = 1000
const DIAGNOSTIC_LIMIT = 4000

/** `failedRecipients`: the addresses of X-Failed-Recipients fields. */
export function readBounce(content: Uint8Array, failedRecipients: readonly string[]): Bounce | null {
  const text = latin1(content.subarray(0, SIZE_LIMIT)).replaceAll('\r\n', '\n')
  return readQmail(text) ?? readExim(text, failedRecipients) ?? readDragonFly(text)
}

// QSBMF: paragraphs. The first begins "Hi. This is the"; one of a recipient begins "<"; the one that begins "-" ends it.
function readQmail(text: string): Bounce | null {
  const intro = /^\s{0,100}Hi\. This is the [^\n]{0,200}? at (\S{1,255}?)\.?\n/.exec(text)
  if (intro === null) return null
  const recipients: RecipientReport[] = []
  const end = text.startsWith('-') ? 0 : text.indexOf('\n\n-')
  const body = end < 0 ? text : text.slice(0, end)
  let unexplained: string | null = null
  for (const paragraph of [...body.split('\n\n'), '']) {
    const match = /^\n?<([^<>\s]{1,500})>:?[ \t]*\n/.exec(`${paragraph}\n`)
    // some programs begin their reason with a blank line
    if (unexplained !== null) add(recipients, unexplained, 'failed', match ? '' : paragraph)
    unexplained = null
    if (!match) continue
    const said = paragraph.slice(match[0].length)
    if (said.trim() === '') unexplained = match[1]!
    else add(recipients, match[1]!, 'failed', said)
  }
  // behind "--- Below this line is a copy of the message." and a blank line the message follows, or its header
  const copy = end < 0 ? -1 : text.indexOf('\n\n', end + 2)
  return recipients.length === 0
    ? null
    : { recipients, reportingMta: intro[1]!, original: copy < 0 ? null : headerAt(text, copy + 2) }
}

function readExim(text: string, failedRecipients: readonly string[]): Bounce | null {
  if (!text.includes('created automatically by mail delivery software')) return null
  const action = eximAction(text)
  if (action === null) return null
  const copyAt = /\n-{4,20} This is a copy of [^\n]{0,200}\n/.exec(text)
  const recipients: RecipientReport[] = []
  let address: string | null = null
  let wanted: string | null = null
  let said: string[] = []
  const flush = (): void => {
    if (address !== null) add(recipients, address, action, said.join('\n'), wanted)
    address = null
    wanted = null
    said = []
  }
  for (const line of text.slice(0, copyAt?.index).split('\n')) {
    const found = /^ {2}([^\s@<>"]{1,64}@[^\s@<>"]{1,255}?)(?: \([^)]{0,500}\))?:?$/.exec(line)
    if (found) {
      flush()
      address = found[1]!
      wanted = generatedFrom(line)
    } else if (address !== null && line.startsWith('    ')) {
      if (said.length === 0 && wanted === null && generatedFrom(line) !== null) wanted = generatedFrom(line)
      else said.push(line)
    } else if (line.trim() === '' && said.length > 0) flush()
  }
  flush()
  const known = new Set(recipients.map(({ finalRecipient }) => finalRecipient.toLowerCase()))
  for (const failed of failedRecipients) {
    if (action === 'failed' && !known.has(failed.toLowerCase())) add(recipients, failed, action, '')
  }
  if (recipients.length === 0) return null
  const header = copyAt ? text.slice(copyAt.index + copyAt[0].length).search(/\S/) : -1
  const original = copyAt && header >= 0 ? headerAt(text, copyAt.index + copyAt[0].length + header) : null
  return { recipients, reportingMta: null, original }
}

// "There was an error delivering your mail to <…>.", a blank line, the reason, and the message or its header.
function readDragonFly(text: string): Bounce | null {
  const intro =
    /^\s{0,100}This is the DragonFly Mail Agent v\S{1,50} at (\S{1,255}?)\.?\n\nThere was an error delivering your mail to <([^<>\s]{1,500})>\.\n\n/
  const match = intro.exec(text)
  if (match === null) return null
  const rest = text.slice(match[0].length)
  const copy = /(?:^|\n)(?:Message headers follow|Original message follows)\.\n\n/.exec(rest)
  const recipients: RecipientReport[] = []
  add(recipients, match[2]!, 'failed', rest.slice(0, copy?.index))
  return {
    recipients,
    reportingMta: match[1]!,
    original: copy && headerAt(rest, copy.index + copy[0].length),
  }
}

function eximAction(text: string): DsnAction | null {
  if (/could not be delivered to (?:one or more|all) of its\s{1,3}recipients/.test(text)) return 'failed'
  return /has not (?:yet )?been delivered to (?:one or more|all) of its\s{1,3}recipients/.test(text)
    ? 'delayed'
    : null
}

/** The address that was written to, where an alias led to another. */
function generatedFrom(line: string): string | null {
  return /\((?:ultimately )?generated from ([^\s()]{1,320})\)$/.exec(line)?.[1] ?? null
}

function add(
  recipients: RecipientReport[],
  address: string,
  action: DsnAction,
  said: string,
  wanted: string | null = null,
): void {
  if (recipients.length >= RECIPIENTS_LIMIT) return
  const text = decodeUnlabelled(fromLatin1(said)).replace(/\s+/g, ' ').trim().slice(0, DIAGNOSTIC_LIMIT)
  const status = statusIn(text)
  recipients.push({
    finalRecipient: address,
    originalRecipient: wanted,
    action,
    status,
    permanent: isPermanent(action, status, replyIn(text)),
    diagnostic: text || null,
    remoteMta: /(?:^| )host (\S{1,255}) \[/.exec(text)?.[1] ?? null,
    lastAttempt: null,
    finalLogId: null,
    willRetryUntil: null,
  })
}

/** From the reply code on, for what stands before it is the mail system's own. */
function replyIn(text: string): string {
  const match = /(?:^|: )([245]\d\d[ -])/.exec(text)
  return match ? text.slice(match.index + match[0].length - 4) : ''
}

function headerAt(text: string, start: number): HeaderBlock | null {
  const block = splitHeader(fromLatin1(text.slice(start)))
  return block.fields.length > 0 ? block : null
}

// The part of a delivery report that people read: what happened to the message, for whom, why, and what can be done about it. RFC 6522 §3.
// The meanings of status codes are those of RFC 3463 §3, RFC 7505 §4.1 (1.10) and RFC 8689 §4.2.1 (7.10, 7.30), said in plain words.
import { domainToUnicode } from '../text/index.ts'
import type { CheckedRecipient } from './dsn-fields.ts'
import type { DsnAction } from './dsn-options.ts'

/** What is known of the message that is reported on. */
export interface OriginalFacts {
  readonly subject: string | null
  readonly date: string | null
  readonly messageId: string | null
}

const WIDTH = 72
/** Recipients of whom the text speaks; all are in the part for programs. */
const SHOWN = 50

const HEADLINE: Readonly<Record<DsnAction, string>> = {
  failed: 'Not delivered',
  delayed: 'Delayed',
  delivered: 'Delivered',
  relayed: 'Relayed',
  expanded: 'Delivered',
}

/** The worst news comes first: what failed needs somebody to act. */
const ORDER: readonly DsnAction[] = ['failed', 'delayed', 'relayed', 'expanded', 'delivered']

export function dsnSubject(recipients: readonly CheckedRecipient[], original: OriginalFacts): string {
  const worst = ORDER.find(action => recipients.some(recipient => recipient.action === action))!
  const [first] = recipients
  const about =
    original.subject ?? (recipients.length === 1 ? `your message to ${first!.final.address}` : 'your message')
  return `${HEADLINE[worst]}: ${about.length > 120 ? `${about.slice(0, 117)}...` : about}`
}

export function dsnText(
  mta: string,
  recipients: readonly CheckedRecipient[],
  original: OriginalFacts,
  returned: 'message' | 'header' | 'nothing',
): string {
  const lines = [`This is the mail system at ${domainToUnicode(mta) || mta}.`, '']
  lines.push(...wrap(summary(recipients), ''), '')
  const facts = [
    ['Subject:', original.subject],
    ['Sent:', original.date],
    ['Message-ID:', original.messageId],
  ] as const
  for (const [name, value] of facts) if (value !== null) lines.push(`    ${name.padEnd(11)} ${value}`)
  if (facts.some(([, value]) => value !== null)) lines.push('')
  const sorted = [...recipients].sort((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action))
  for (const recipient of sorted.slice(0, SHOWN)) lines.push(...paragraph(recipient), '')
  if (sorted.length > SHOWN) lines.push(`... and ${sorted.length - SHOWN} more recipients.`, '')
  lines.push(...wrap(END[returned], ''), '')
  return lines.join('\n')
}

const END = {
  message: 'The details for mail administrators and a copy of your message are attached.',
  header: 'The details for mail administrators and the header of your message are attached.',
  nothing: 'The details for mail administrators are attached.',
}

function summary(recipients: readonly CheckedRecipient[]): string {
  const all = recipients.length
  const failed = recipients.filter(({ action }) => action === 'failed').length
  const delayed = recipients.filter(({ action }) => action === 'delayed').length
  if (failed > 0) {
    const whom = all === 1 ? 'its recipient' : failed === all ? 'its recipients' : 'some of its recipients'
    return `I am sorry to have to tell you that your message could not be delivered to ${whom}. Nothing more will be tried for those who are named as failed below.`
  }
  if (delayed > 0) {
    return 'Your message has not been delivered yet. This is only a warning: you need not send it again. Delivery will be tried again.'
  }
  return 'Your message has been passed on as you asked to be told.'
}

function paragraph(recipient: CheckedRecipient): string[] {
  const { address } = recipient.final
  const original = recipient.original?.address
  const lines = [`<${address}>`]
  if (original !== undefined && original !== address) lines.push(`    (you wrote to <${original}>)`)
  lines.push(...wrap(FATE[recipient.action], '    '))
  if (recipient.action === 'delayed') {
    const until = recipient.after.find(([name]) => name === 'Will-Retry-Until')
    if (until) lines.push(...wrap(`It will be tried until ${until[1]}.`, '    '))
  }
  if (recipient.action !== 'failed' && recipient.action !== 'delayed') return lines
  const why = explain(recipient.status)
  // where nothing is known, what the server says must do
  if (why.known || recipient.diagnostic.length === 0)
    lines.push(...wrap(`${why.reason} (${recipient.status})`, '    '))
  if (recipient.diagnostic.length > 0) {
    const who = recipient.remoteMta === null ? 'This system says:' : `${recipient.remoteMta} says:`
    lines.push(`    ${who}`)
    for (const line of recipient.diagnostic) lines.push(...wrap(line, '        '))
  }
  if (recipient.action === 'failed' && why.advice !== '') {
    lines.push(...wrap(`What you can do: ${why.advice}`, '    '))
  }
  return lines
}

const FATE: Readonly<Record<DsnAction, string>> = {
  failed: 'FAILED. The message was not delivered.',
  delayed: 'DELAYED. The message has not been delivered yet; there is nothing that you need to do.',
  delivered: 'Delivered.',
  relayed: 'Passed on to a system that will not report whether it delivers the message.',
  expanded: 'Delivered, and passed on from there to several other addresses.',
}

interface Explanation {
  readonly known: boolean
  readonly reason: string
  readonly advice: string
}

const SPELLING = 'check the address for a spelling mistake, and send the message again.'
const OTHER_WAY = 'reach the recipient in another way, who may ask the administrators there.'
const LATER = 'send the message again later.'

/** By subject and detail, the class left out. */
const EXPLANATIONS: readonly (readonly [code: string, reason: string, advice: string])[] = [
  ['1.1', 'There is no such mailbox at the domain.', SPELLING],
  ['1.2', 'The domain of the address does not exist, or takes no mail.', SPELLING],
  ['1.3', 'The address is malformed.', SPELLING],
  ['1.4', 'The address fits more than one mailbox.', OTHER_WAY],
  ['1.6', 'The recipient has moved and left no address to forward to.', OTHER_WAY],
  ['1.7', 'The address of the sender is malformed.', 'check your own address in your mail program.'],
  [
    '1.8',
    'The domain of the sender does not exist or takes no mail.',
    'check your own address in your mail program.',
  ],
  ['1.10', 'The domain of the address says that it takes no mail.', SPELLING],
  ['1', 'The address was refused.', SPELLING],
  ['2.1', 'The mailbox is disabled.', OTHER_WAY],
  ['2.2', 'The mailbox is full.', LATER],
  ['2.3', 'The message is longer than the mailbox takes.', 'send a shorter message, or a link to the files.'],
  ['2.4', 'The list behind the address could not be expanded.', OTHER_WAY],
  ['2', 'The mailbox did not take the message.', OTHER_WAY],
  ['3.1', 'The mail system has no room for more mail.', LATER],
  ['3.2', 'The mail system takes no mail at present.', LATER],
  ['3.4', 'The message is too big for the mail system.', 'send a shorter message, or a link to the files.'],
  ['3', 'The mail system could not take the message.', LATER],
  ['4.1', 'The mail server does not answer.', LATER],
  ['4.2', 'The connection to the mail server was lost.', LATER],
  ['4.3', 'The servers that know the way did not answer.', LATER],
  ['4.4', 'No way to the domain was found.', SPELLING],
  ['4.6', 'The message goes round in a circle.', OTHER_WAY],
  ['4.7', 'The message could not be delivered in time.', LATER],
  ['4', 'There was trouble on the way to the mail server.', LATER],
  ['6', 'The message has a form that the mail system does not take.', 'send it as plain text.'],
  ['7.1', 'The mail system does not accept this message from you.', OTHER_WAY],
  ['7.2', 'You may not send to this list.', OTHER_WAY],
  ['7.10', 'The message could not be sent with the encryption that it needs.', OTHER_WAY],
  ['7.30', 'The message could not be sent with the encryption that you asked for.', OTHER_WAY],
  ['7', 'The mail system refused the message by its rules.', OTHER_WAY],
  ['5', 'The mail servers did not understand each other.', OTHER_WAY],
]

function explain(status: string): Explanation {
  const [, subject, detail] = status.split('.')
  for (const [code, reason, advice] of EXPLANATIONS) {
    if (code === `${subject}.${detail}` || code === subject) return { known: true, reason, advice }
  }
  return { known: false, reason: 'No more is known about the reason.', advice: OTHER_WAY }
}

/** Lines of at most 72 characters, where words allow it. */
function wrap(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  lines.push(indent + line)
  return lines
}

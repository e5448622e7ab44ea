// The first mail of a new development server: something of each kind that a mail client has to show.
import { composeMessage } from 'email-server'

/** A person of the development domain. */
export interface SeedUser {
  readonly address: string
  readonly name: string
}

export const DOMAIN = 'example.test'
export const PASSWORD = 'password'
export const USERS: readonly SeedUser[] = [
  { address: `alice@${DOMAIN}`, name: 'Alice Example' },
  { address: `bob@${DOMAIN}`, name: 'Bob Example' },
]

export interface SeedMessage {
  readonly raw: Uint8Array
  readonly internalDate: Date
  readonly flags: readonly string[]
}

const HOUR_MS = 3_600_000

/** A blue square of 16 × 16 pixels. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mMwTjtDEmIY1TCqYfhqAAAyDmUQmeLCAAAAAABJRU5ErkJggg==',
  'base64',
)

/** The messages that `user` finds; `now` dates them, the newest an hour ago. */
export function seedMessages(user: SeedUser, now: Date): SeedMessage[] {
  const to = { name: user.name, address: user.address }
  const other = USERS.find(each => each.address !== user.address)!
  const from = { name: other.name, address: other.address }
  const id = (name: string): string => `<${name}.${user.address.replace('@', '.')}@seed.${DOMAIN}>`
  const drafts = [
    {
      from: { name: 'The mail server', address: `postmaster@${DOMAIN}` },
      to,
      messageId: id('welcome'),
      subject: 'Welcome',
      text: `Hello ${user.name},\n\nthis is your development mailbox. Mail for ${DOMAIN} is delivered here; mail for anywhere else\nstays in your Outbox folder and never leaves this machine.\n`,
      seen: true,
    },
    {
      from,
      to,
      messageId: id('picture'),
      subject: 'A page with a picture',
      text: 'The HTML part shows a blue square.\n',
      html: '<p>A <b>blue</b> square:</p><p><img src="cid:square@seed" alt="blue square" width="64" height="64"></p>\n',
      attachments: [
        { filename: 'square.png', contentType: 'image/png', content: PICTURE, cid: 'square@seed' },
      ],
      seen: false,
    },
    {
      from,
      to,
      messageId: id('attachment'),
      subject: 'The figures you asked for',
      text: 'They are in the attached file.\n',
      attachments: [
        {
          filename: 'figures.csv',
          contentType: 'text/csv',
          content: 'month,mails\nJanuary,120\nFebruary,98\n',
        },
      ],
      seen: false,
    },
    {
      from,
      to,
      messageId: id('greeting'),
      subject: 'Grüße aus Zürich, 你好, Привет',
      text: 'Ein Gruß mit Umlauten, und ein paar Zeichen mehr: 你好, Привет, ✉️\n',
      seen: false,
    },
    {
      from,
      to,
      messageId: id('thread1'),
      subject: 'Lunch on Friday?',
      text: 'Shall we have lunch on Friday?\n',
      seen: true,
    },
    {
      from: to,
      to: from,
      messageId: id('thread2'),
      inReplyTo: id('thread1'),
      references: [id('thread1')],
      subject: 'Re: Lunch on Friday?',
      text: 'Gladly. Where?\n',
      seen: true,
    },
    {
      from,
      to,
      messageId: id('thread3'),
      inReplyTo: id('thread2'),
      references: [id('thread1'), id('thread2')],
      subject: 'Re: Lunch on Friday?',
      text: 'At the lake, at noon.\n',
      seen: false,
    },
  ]
  return drafts.map(({ seen, ...draft }, i) => {
    const date = new Date(now.getTime() - (drafts.length - i) * HOUR_MS)
    return {
      raw: composeMessage({ ...draft, date }).bytesSync(),
      internalDate: date,
      flags: seen ? ['Seen'] : [],
    }
  })
}

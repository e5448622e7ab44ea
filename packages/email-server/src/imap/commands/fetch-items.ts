// The data items of FETCH in RFC 3501 §6.4.5 and §7.4.2: each says what it needs and how it is written.

import { timeOf } from '../../mailbox/index.ts'
import { resolveSection, type Section } from '../../mime/index.ts'
import { writeInternalDate } from '../../text/index.ts'
import type { FetchItem } from '../extension.ts'
import {
  type FetchedMessage,
  NEEDS_BYTES,
  NEEDS_ENVELOPE,
  NEEDS_HEADER,
  NEEDS_META,
  NEEDS_STREAM,
  NEEDS_STRUCTURE,
  type Need,
} from '../fetched.ts'
import { writeBody } from '../grammar/body-structure.ts'
import { writeEnvelope } from '../grammar/envelope.ts'
import { wireFlag } from '../grammar/flags.ts'
import { type BodySection, bodySection, writeSection } from '../grammar/section.ts'
import type { Writer } from '../wire/writer.ts'

function item(name: string, need: Need, write: (w: Writer, message: FetchedMessage) => void): FetchItem {
  return { name, rfc: '3501 §6.4.5', needs: () => need, write }
}

export function writeFlags(w: Writer, message: FetchedMessage): void {
  w.raw('FLAGS (')
  let space = ''
  for (const flag of message.flags) {
    w.raw(space).raw(wireFlag(flag))
    space = ' '
  }
  w.raw(message.recent ? `${space}\\Recent)` : ')')
}

const WHOLE: Section = { path: [], text: null, fields: [] }
const HEADER: Section = { path: [], text: 'HEADER', fields: [] }
const TEXT: Section = { path: [], text: 'TEXT', fields: [] }

function sectionNeed({ section: { path, text } }: BodySection): Need {
  if (path.length > 0 || text === 'TEXT') return NEEDS_BYTES
  return text === null ? NEEDS_STREAM : NEEDS_HEADER
}

// "BODY" section ["<" number ">"] SP nstring
function writeBodySection(w: Writer, message: FetchedMessage, { section, partial }: BodySection): void {
  writeSection(w.raw('BODY['), section)
  w.raw(partial ? `]<${partial.start}> ` : '] ')
  writeValue(w, message, section, partial)
}

function writeValue(
  w: Writer,
  message: FetchedMessage,
  section: Section,
  partial: BodySection['partial'] = null,
): void {
  if (section.path.length === 0 && section.text === null) {
    message.writeRun(w, partial?.start ?? 0, partial?.length ?? Number.POSITIVE_INFINITY)
    return
  }
  const bytes = resolveSection(message.bytes, message.tree, section, partial ?? undefined)
  if (bytes === null) w.raw('NIL')
  else w.literal(bytes)
}

/** The three items that RFC 3501 keeps from IMAP2: `name`, what it is the same as, whether it marks as seen. */
function old(name: string, section: Section, need: Need, setsSeen: boolean): FetchItem {
  return {
    ...item(name, need, (w, message) => writeValue(w.raw(`${name} `), message, section)),
    setsSeen,
  }
}

const body: FetchItem<BodySection> = {
  name: 'BODY[',
  rfc: '3501 §6.4.5',
  args: bodySection,
  needs: sectionNeed,
  setsSeen: true,
  write: writeBodySection,
}

const peek: FetchItem<BodySection> = { ...body, name: 'BODY.PEEK[', setsSeen: false }

export const FETCH_ITEMS: readonly FetchItem[] = [
  item('UID', 0, (w, message) => w.raw(`UID ${message.uid}`)),
  item('FLAGS', NEEDS_META, writeFlags),
  item('INTERNALDATE', NEEDS_META, (w, { meta }) => {
    w.raw(`INTERNALDATE "${writeInternalDate(timeOf(meta!.internalDate))}"`)
  }),
  item('RFC822.SIZE', NEEDS_META, (w, { meta }) => w.raw(`RFC822.SIZE ${meta!.size}`)),
  item('ENVELOPE', NEEDS_ENVELOPE, (w, message) => writeEnvelope(w.raw('ENVELOPE '), message.envelope)),
  item('BODYSTRUCTURE', NEEDS_STRUCTURE, (w, message) =>
    writeBody(w.raw('BODYSTRUCTURE '), message.structure, true),
  ),
  item('BODY', NEEDS_STRUCTURE, (w, message) => writeBody(w.raw('BODY '), message.structure, false)),
  body,
  peek,
  old('RFC822', WHOLE, NEEDS_STREAM, true),
  old('RFC822.HEADER', HEADER, NEEDS_HEADER, false),
  old('RFC822.TEXT', TEXT, NEEDS_BYTES, true),
]

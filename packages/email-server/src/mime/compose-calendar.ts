// Calendar invitations (iMIP, RFC 6047 §2.4): a text/calendar alternative whose `method` parameter says what the calendar
// says, which is what makes Outlook and Gmail show buttons, and the same calendar as a file for everybody else.
import { latin1 } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import { asPartOptions, partSource, type Source, shareStream } from './compose-content.ts'
import type { CalendarOptions, MessageOptions } from './compose-options.ts'

export interface Calendar {
  readonly part: CalendarOptions
  /** May be read twice: for the alternative and for the attachment. */
  readonly source: Source
  readonly method: string
}

export function calendarOf(options: MessageOptions): Calendar | null {
  if (!options.icalEvent) return null
  const part: CalendarOptions = asPartOptions(options.icalEvent, 'icalEvent')
  if (part.raw !== undefined) return { part, source: { kind: 'text', text: '' }, method: 'PUBLISH' }
  const { source } = partSource(part, 'icalEvent', options)
  return {
    part,
    source: source.kind === 'stream' ? shareStream(source) : source,
    method: methodOf(part.method, source),
  }
}

function methodOf(asked: string | undefined, source: Source): string {
  if (asked !== undefined && (typeof asked !== 'string' || !/^[A-Za-z-]+$/.test(asked.trim()))) {
    throw optionError('icalEvent.method', 'an iTIP method (RFC 5546), e.g. REQUEST', asked)
  }
  const method = asked === undefined ? null : asked.trim().toUpperCase()
  const said = methodSaid(source)
  if (method !== null && said !== null && method !== said) {
    throw new MailError(
      'EMESSAGE',
      `icalEvent.method is ${method}, but the calendar says METHOD:${said} (RFC 6047 §2.4)`,
    )
  }
  return method ?? said ?? 'PUBLISH'
}

/** The METHOD property of a calendar (RFC 5545 §3.7.2), upper case; null when it has none, or is a stream. */
function methodSaid(source: Source): string | null {
  if (source.kind === 'stream') return null
  const text = source.kind === 'text' ? source.text : latin1(source.bytes)
  const found = /(?:^|[\r\n])METHOD(?:;[^:\r\n]*)?:([A-Za-z-]+)/i.exec(text)
  return found ? found[1]!.toUpperCase() : null
}

// The arguments of NOTIFY (RFC 5465 §8).
import type { Reader } from '../wire/reader.ts'
import { fetchAttributes } from './fetch.ts'
import type { Grammar, Named, Vocabulary } from './grammar.ts'
import { mailbox } from './mailbox.ts'

export interface NotifyEvent {
  /** In upper case, known or not. */
  readonly name: string
  /** What is to be fetched of new messages; null: nothing was said. */
  readonly items: readonly Named[] | null
}

export interface EventGroup {
  readonly filter:
    | 'SELECTED'
    | 'SELECTED-DELAYED'
    | 'INBOXES'
    | 'PERSONAL'
    | 'SUBSCRIBED'
    | 'SUBTREE'
    | 'MAILBOXES'
  /** Of SUBTREE and MAILBOXES. */
  readonly names: readonly string[]
  /** Empty: NONE. */
  readonly events: readonly NotifyEvent[]
}

/** Null: NONE. */
export type NotifyRequest = { readonly status: boolean; readonly groups: readonly EventGroup[] } | null

const MOST_GROUPS = 32
const MOST_NAMES = 1000
const MOST_EVENTS = 16

const FILTERS = [
  'SELECTED-DELAYED',
  'SELECTED',
  'INBOXES',
  'PERSONAL',
  'SUBSCRIBED',
  'SUBTREE',
  'MAILBOXES',
] as const

// notify = "NOTIFY" SP (notify-set / notify-none)        notify-none = "NONE"
// notify-set = "SET" [status-indicator] SP event-groups        status-indicator = SP "STATUS"
// event-groups = event-group *(SP event-group)
export const notify: Grammar<NotifyRequest> = {
  read(r, words) {
    r.sp()
    if (r.tryKeyword('NONE')) return null
    if (!r.tryKeyword('SET')) r.fail('SET or NONE')
    r.sp()
    const status = r.tryKeyword('STATUS')
    if (status) r.sp()
    const groups: EventGroup[] = []
    do {
      groups.push(readGroup(r, words))
      if (groups.length > MOST_GROUPS) r.fail('fewer groups of events')
    } while (r.try(' '))
    return { status, groups }
  },
  write(w, request, words) {
    if (!request) {
      w.raw(' NONE')
      return
    }
    w.raw(request.status ? ' SET STATUS' : ' SET')
    for (const { filter, names, events } of request.groups) {
      w.raw(` (${filter}`)
      if (names.length > 0) w.raw(' ').list(names, name => mailbox.write(w, name, words))
      if (events.length === 0) w.raw(' NONE)')
      else {
        w.raw(' ').list(events, ({ name, items }) => {
          w.atom(name)
          if (items) fetchAttributes.write(w.raw(' '), items, words)
        })
        w.raw(')')
      }
    }
  },
  samples: [
    null,
    {
      status: true,
      groups: [
        {
          filter: 'SELECTED',
          names: [],
          events: [
            { name: 'MESSAGENEW', items: [{ name: 'UID', args: null }] },
            { name: 'MESSAGEEXPUNGE', items: null },
          ],
        },
        { filter: 'SUBTREE', names: ['Lists', 'Grüße'], events: [{ name: 'MAILBOXNAME', items: null }] },
        { filter: 'PERSONAL', names: [], events: [] },
      ],
    },
  ],
}

// event-group = "(" filter-mailboxes SP events ")"        events = ("(" event *(SP event) ")") / "NONE"
function readGroup(r: Reader, words: Vocabulary): EventGroup {
  r.open()
  const filter = FILTERS.find(each => r.tryKeyword(each)) ?? r.fail('which mailboxes')
  const names = filter === 'SUBTREE' || filter === 'MAILBOXES' ? readNames(r.sp(), words) : []
  r.sp()
  const events = r.tryKeyword('NONE') ? [] : readEvents(r, words)
  r.close()
  return { filter, names, events }
}

// one-or-more-mailbox = mailbox / many-mailboxes        many-mailboxes = "(" mailbox *(SP mailbox) ")"
function readNames(r: Reader, words: Vocabulary): readonly string[] {
  if (r.peek() !== 0x28) return [mailbox.read(r, words)]
  const names: string[] = []
  r.open()
  do {
    names.push(mailbox.read(r, words))
    if (names.length > MOST_NAMES) r.fail('fewer mailboxes')
  } while (r.try(' '))
  r.close()
  return names
}

// message-event = ("MessageNew" [SP "(" fetch-att *(SP fetch-att) ")"]) / "MessageExpunge" / …        event-ext = atom
function readEvents(r: Reader, words: Vocabulary): readonly NotifyEvent[] {
  const events: NotifyEvent[] = []
  r.open()
  do {
    const name = r.keyword()
    const items = name === 'MESSAGENEW' && r.follows(' (') ? fetchAttributes.read(r.sp(), words) : null
    events.push({ name, items })
    if (events.length > MOST_EVENTS) r.fail('fewer events')
  } while (r.try(' '))
  r.close()
  return events
}

// The pane of one folder's messages: newest first, each a link. Those that stay keep their elements, and with them the focus.
import type { MessageList, MessageSummary } from '../src/web/api-types.ts'
import { ApiError, api, type Place } from './api.ts'
import { announce, fill, h, icon, unseen } from './dom.ts'
import { hueOf, longTime, several, shortTime } from './format.ts'
import { Gathered } from './gathered.ts'
import { go, type MailRoute, mailHash } from './route.ts'

const PAGE = 50

interface Row {
  readonly element: HTMLElement
  /** What was drawn: drawn anew when it is another. */
  readonly drawn: string
}

export class MessageListPane {
  readonly element: HTMLElement
  readonly #title = h('h1', {})
  readonly #count = h('span', { class: 'total' })
  readonly #list = h('ul', { class: 'messages' })
  readonly #search = h('input', {
    ...{ type: 'search', placeholder: 'Search', 'aria-label': 'Search this folder', maxlength: 200 },
    ...{ autocomplete: 'off', spellcheck: 'false' },
  })
  readonly #note = h('p', { class: 'note', hidden: true })
  readonly #more = h('button', { type: 'button', class: 'button more', hidden: true }, 'Older messages')
  readonly #empty = h(
    'button',
    { type: 'button', class: 'quiet', title: 'Remove all messages' },
    icon('trash'),
    unseen('Remove all messages of this folder'),
  )
  readonly #rows = new Map<number, Row>()
  #route: MailRoute | null = null
  #messages: readonly MessageSummary[] = []
  #shown = PAGE
  readonly #loading = new Gathered(() => this.#loadOnce())
  #focusWhenLoaded = false
  #timer = 0

  constructor() {
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#searched(), 200)
    })
    this.#search.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === 'ArrowDown') {
        event.preventDefault()
        this.#searched()
        this.#focusList()
      }
    })
    this.#more.addEventListener('click', () => {
      this.#shown += PAGE
      this.load()
    })
    this.#empty.addEventListener('click', () => this.#removeAll())
    this.element = h(
      'section',
      { class: 'pane list', 'aria-label': 'Messages' },
      h(
        'header',
        {},
        h('a', { class: 'quiet back', href: mailHash({}) }, icon('back'), unseen('Folders')),
        this.#title,
        this.#count,
        this.#empty,
      ),
      h('div', { class: 'search', role: 'search' }, icon('search'), this.#search),
      this.#note,
      this.#list,
      this.#more,
    )
  }

  /** UIDs in the order of the list. */
  get uids(): readonly number[] {
    return this.#messages.map(({ uid }) => uid)
  }

  show(route: MailRoute & { readonly account: string }): void {
    const isSame =
      this.#route?.account === route.account &&
      this.#route.folder === route.folder &&
      this.#route.search === route.search
    this.#route = route
    if (isSame) {
      for (const [uid, { element }] of this.#rows) markCurrent(element, uid === route.uid)
      return
    }
    this.#shown = PAGE
    this.#rows.clear()
    this.#messages = []
    this.#list.replaceChildren()
    this.#more.hidden = true
    this.#say('')
    fill(this.#title, route.folder === 'INBOX' ? 'Inbox' : route.folder)
    fill(this.#count)
    if (document.activeElement !== this.#search) this.#search.value = route.search
    this.load()
  }

  async load(): Promise<void> {
    if (!(await this.#loading.run())) return
    if (this.#focusWhenLoaded) this.focusCurrent()
    this.#focusWhenLoaded = false
  }

  focusSearch(): void {
    this.#search.focus()
    this.#search.select()
  }

  /** False: nobody searches. */
  leaveSearch(): boolean {
    if (document.activeElement !== this.#search) return false
    this.#search.value = ''
    this.#searched()
    this.#focusList()
    return true
  }

  /** Now, or when what is being loaded is there. */
  #focusList(): void {
    this.#search.blur()
    if (this.#loading.isRunning) this.#focusWhenLoaded = true
    else this.focusCurrent()
  }

  /** To the message above or below: opens it when one is open beside the list. */
  move(by: number): void {
    const links = this.#links()
    const focused = links.indexOf(document.activeElement as HTMLAnchorElement)
    const open = this.#route?.uid == null ? -1 : this.uids.indexOf(this.#route.uid)
    const at = focused >= 0 ? focused : open
    const next = links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + by))]
    if (!next) return
    next.focus()
    next.scrollIntoView({ block: 'nearest' })
    if (open >= 0) go(next.getAttribute('href')!, 'replace')
  }

  focusCurrent(): void {
    const uid = this.#route?.uid
    const row = uid == null ? undefined : this.#rows.get(uid)
    ;(row?.element.querySelector('a') ?? this.#links()[0])?.focus()
  }

  /** Where to go when this message is gone. */
  neighbour(uid: number): number | null {
    const { uids } = this
    const at = uids.indexOf(uid)
    return uids[at + 1] ?? uids[at - 1] ?? null
  }

  #links(): HTMLAnchorElement[] {
    return [...this.#list.querySelectorAll('a')]
  }

  #searched(): void {
    clearTimeout(this.#timer)
    const search = this.#search.value.trim()
    if (this.#route && search !== this.#route.search) {
      go(mailHash({ ...this.#route, search, uid: null }), 'replace')
    }
  }

  async #loadOnce(): Promise<void> {
    const route = this.#route
    if (route?.account == null) return
    const place: Place = { account: route.account, folder: route.folder }
    try {
      const pages: MessageSummary[] = []
      let list: MessageList | null = null
      while (list === null || (pages.length < this.#shown && list.next !== null)) {
        list = await api.messages(place, {
          search: route.search,
          limit: Math.min(200, this.#shown - pages.length),
          ...(list?.next != null && { before: list.next }),
        })
        pages.push(...list.messages)
      }
      // somebody has gone elsewhere meanwhile
      if (this.#route !== route && !isSamePlace(this.#route, route)) {
        this.#loading.again()
        return
      }
      this.#draw(pages, list)
    } catch (error) {
      this.#say(error instanceof ApiError ? error.message : 'The server is not reached.')
    }
  }

  #draw(messages: readonly MessageSummary[], { total, unread, next }: MessageList): void {
    const before = new Set(this.uids)
    const wasLoaded = this.#messages.length > 0 || before.size > 0
    this.#messages = messages
    const elements = messages.map(message => this.#row(message, wasLoaded && !before.has(message.uid)))
    // only what changes is touched: the rest keeps focus and place
    elements.forEach((element, i) => {
      const there = this.#list.children[i]
      if (there !== element) this.#list.insertBefore(element, there ?? null)
    })
    while (this.#list.children.length > elements.length) this.#list.lastElementChild!.remove()
    const kept = new Set(messages.map(({ uid }) => uid))
    for (const uid of this.#rows.keys()) if (!kept.has(uid)) this.#rows.delete(uid)
    fill(this.#count, unread > 0 ? `${unread} of ${total} unread` : several(total, 'message'))
    this.#more.hidden = next === null
    this.#empty.hidden = total === 0
    const nothing = this.#route?.search
      ? 'Nothing is found.'
      : 'No messages. What arrives is shown here at once.'
    this.#say(messages.length === 0 ? nothing : '')
    const arrived = messages.filter(({ uid, seen }) => wasLoaded && !before.has(uid) && !seen)
    const newest = arrived[0]
    if (newest) announce(`New message from ${nameOf(newest)}: ${newest.subject || '(no subject)'}`)
  }

  #row(message: MessageSummary, isNew: boolean): HTMLElement {
    const { uid, subject, preview, arrived, seen, flags, hasAttachments } = message
    const route = this.#route!
    const href = mailHash({ ...route, uid, tab: null })
    const drawn = JSON.stringify([message, href, shortTime(arrived)])
    const known = this.#rows.get(uid)
    if (known?.drawn === drawn) return known.element
    const name = nameOf(message)
    const face = h('span', { class: 'face', 'aria-hidden': 'true' }, [...name][0]?.toUpperCase() ?? '?')
    face.style.setProperty('--hue', String(hueOf(message.from?.address ?? '')))
    const link = h(
      'a',
      { href },
      face,
      h('span', { class: 'who' }, !seen && unseen('Unread: '), name),
      h('time', { datetime: arrived, title: longTime(arrived) }, shortTime(arrived)),
      h('span', { class: 'subject' }, subject || '(no subject)'),
      hasAttachments && h('span', { class: 'clip' }, icon('clip'), unseen('with attachments')),
      h('span', { class: 'preview' }, preview),
    )
    const element = known?.element ?? h('li', { 'data-uid': uid })
    const hadFocus = element.contains(document.activeElement)
    element.classList.toggle('unread', !seen)
    element.classList.toggle('flagged', flags.includes('Flagged'))
    if (isNew) element.classList.add('new')
    fill(element, link)
    markCurrent(element, uid === route.uid)
    if (hadFocus) link.focus()
    this.#rows.set(uid, { element, drawn })
    return element
  }

  #say(text: string): void {
    this.#note.hidden = text === ''
    fill(this.#note, text)
  }

  async #removeAll(): Promise<void> {
    const route = this.#route
    if (route?.account == null) return
    if (!confirm(`Remove all messages of ${route.folder} of ${route.account} for good?`)) return
    await api.empty({ account: route.account, folder: route.folder })
    go(mailHash({ account: route.account, folder: route.folder }))
    await this.load()
  }
}

function isSamePlace(a: MailRoute | null, b: MailRoute): boolean {
  return a !== null && a.account === b.account && a.folder === b.folder && a.search === b.search
}

export function nameOf({ from }: MessageSummary): string {
  return from?.name || from?.address || 'nobody'
}

function markCurrent(element: HTMLElement, isCurrent: boolean): void {
  element.classList.toggle('current', isCurrent)
  const link = element.querySelector('a')
  if (isCurrent) link?.setAttribute('aria-current', 'true')
  else link?.removeAttribute('aria-current')
}

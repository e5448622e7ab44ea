// The sessions of the mail server while they go on: who talks, and every line of it.
import type { SessionLine, SessionView } from '../src/web/api-types.ts'
import { annotate } from './annotate.ts'
import { ApiError, api } from './api.ts'
import type { View } from './app.ts'
import { button, type Child, fill, h, icon, unseen } from './dom.ts'
import { clock, duration, longTime, several, shortTime } from './format.ts'
import type { Live } from './live.ts'
import { go, type Route } from './route.ts'

/** Lines that are kept on the page. */
const MOST_LINES = 3000
const TICK_MS = 1000

export class SessionsView implements View {
  readonly element: HTMLElement
  readonly #live: Live
  readonly #list = h('ul', { class: 'messages sessions' })
  readonly #count = h('span', { class: 'total' })
  readonly #note = h('p', { class: 'note', hidden: true })
  readonly #pane = h('article', { class: 'pane message transcript', 'aria-label': 'Session', tabindex: -1 })
  readonly #sessions = new Map<number, SessionView>()
  #open: number | null = null
  #transcript: Transcript | null = null
  #isShown = false
  #timer = 0

  constructor(live: Live) {
    this.#live = live
    const clear = async (): Promise<void> => {
      await api.clearSessions()
      this.refresh()
    }
    this.element = h(
      'div',
      { class: 'panes two' },
      h(
        'section',
        { class: 'pane list', 'aria-label': 'Sessions' },
        h(
          'header',
          {},
          h('h1', {}, 'Sessions'),
          this.#count,
          h(
            'button',
            { class: 'quiet', type: 'button', title: 'Forget those that are over', onclick: clear },
            icon('trash'),
            unseen('Forget those that are over'),
          ),
        ),
        this.#note,
        this.#list,
      ),
      this.#pane,
    )
    live.on('sessions', views => {
      for (const view of views) this.#sessions.set(view.id, view)
      if (this.#isShown) this.#draw()
    })
    live.on('lines', ({ session, lines }) => {
      if (session === this.#open) this.#transcript?.add(lines)
    })
  }

  show(route: Route): void {
    if (route.view !== 'sessions') return
    const isFirst = !this.#isShown
    this.#isShown = true
    const before = this.#open
    this.#open = route.session
    this.element.dataset['pane'] = route.session === null ? 'list' : 'message'
    document.title = route.session === null ? 'Sessions' : `Session ${route.session}`
    if (isFirst) {
      this.#timer = setInterval(() => this.#draw(), TICK_MS)
      this.refresh()
    } else this.#draw()
    if (route.session === null) {
      this.#transcript = null
      fill(this.#pane, h('p', { class: 'nothing' }, icon('terminal'), 'No session is open.'))
      this.#live.follow(null)
      if (before !== null) this.#list.querySelector<HTMLElement>(`[data-id="${before}"] a`)?.focus()
    } else if (route.session !== this.#transcript?.id) this.#openSession(route.session)
  }

  refresh(): void {
    api.sessions().then(
      views => {
        this.#sessions.clear()
        for (const view of views) this.#sessions.set(view.id, view)
        this.#draw()
      },
      () => {},
    )
    if (this.#transcript) this.#openSession(this.#transcript.id)
  }

  leave(): void {
    this.#isShown = false
    this.#transcript = null
    clearInterval(this.#timer)
    this.#live.follow(null)
  }

  key({ key }: KeyboardEvent): boolean {
    if (key === 'Escape' && this.#open !== null) {
      go('#/sessions')
      return true
    }
    const by = key === 'j' || key === 'ArrowDown' ? 1 : key === 'k' || key === 'ArrowUp' ? -1 : 0
    if (by === 0 || (key.startsWith('Arrow') && this.#pane.contains(document.activeElement))) return false
    const links = [...this.#list.querySelectorAll('a')]
    const focused = links.indexOf(document.activeElement as HTMLAnchorElement)
    const at = focused >= 0 ? focused : links.findIndex(link => link.hasAttribute('aria-current'))
    const next = links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + by))]
    next?.focus()
    if (next && this.#open !== null) go(next.getAttribute('href')!, 'replace')
    return true
  }

  #draw(): void {
    const views = [...this.#sessions.values()].sort((a, b) => b.id - a.id).slice(0, 100)
    const open = views.filter(({ closedAt }) => closedAt === null).length
    fill(this.#count, open > 0 ? `${open} of ${views.length} open` : several(views.length, 'session'))
    this.#note.hidden = views.length > 0
    fill(this.#note, 'Nobody has connected yet. Whoever does is shown here at once.')
    const focused = (document.activeElement as HTMLElement | null)?.getAttribute('href')
    const rows = new Map([...this.#list.children].map(row => [row.getAttribute('data-id'), row]))
    views.forEach((view, i) => {
      const drawn = JSON.stringify([view, view.id === this.#open, view.closedAt === null && age(view)])
      let row = rows.get(String(view.id))
      if (row?.getAttribute('data-drawn') !== drawn) {
        row ??= h('li', { 'data-id': view.id })
        row.setAttribute('data-drawn', drawn)
        fill(row, sessionLink(view, view.id === this.#open))
      }
      if (this.#list.children[i] !== row) this.#list.insertBefore(row, this.#list.children[i] ?? null)
    })
    while (this.#list.children.length > views.length) this.#list.lastElementChild!.remove()
    const link = focused && this.#list.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)
    if (link && document.activeElement !== link) link.focus()
    const shown = this.#open === null ? undefined : this.#sessions.get(this.#open)
    if (shown) this.#transcript?.head(shown)
  }

  async #openSession(id: number): Promise<void> {
    const transcript = new Transcript(id)
    this.#transcript = transcript
    try {
      const { session, lines } = await api.session(id)
      if (this.#transcript !== transcript) return
      fill(this.#pane, transcript.element)
      transcript.head(session)
      transcript.add(lines)
      transcript.toEnd()
      this.#live.follow(id, lines.at(-1)?.n ?? 0)
    } catch (error) {
      if (this.#transcript !== transcript) return
      const text = error instanceof ApiError ? error.message : 'the server is not reached'
      fill(
        this.#pane,
        backLink(),
        h('p', { class: 'nothing' }, icon('terminal'), `${text[0]!.toUpperCase()}${text.slice(1)}.`),
      )
    }
  }
}

function age({ openedAt, closedAt }: SessionView): string {
  return duration((closedAt === null ? Date.now() : Date.parse(closedAt)) - Date.parse(openedAt))
}

function sessionLink(view: SessionView, isCurrent: boolean): HTMLElement {
  const { id, protocol, peer, user, tls, openedAt, closedAt, last } = view
  return h(
    'a',
    { href: `#/sessions/${id}`, 'aria-current': isCurrent ? 'true' : null },
    h('span', { class: `protocol ${protocol}${closedAt === null ? ' open' : ''}` }, protocol.toUpperCase()),
    h('span', { class: 'who' }, user ?? peer, closedAt === null && unseen(', open')),
    h('time', { datetime: openedAt, title: longTime(openedAt) }, shortTime(openedAt)),
    h(
      'span',
      { class: 'subject' },
      tls !== null && icon('lock'),
      `${closedAt === null ? 'open for' : 'lasted'} ${age(view)}`,
    ),
    h('span', { class: 'preview' }, last),
  )
}

function backLink(): HTMLElement {
  return h('a', { class: 'quiet back', href: '#/sessions' }, icon('back'), unseen('Back to the sessions'))
}

/** One session's lines; follows the end while the end is in sight. */
class Transcript {
  readonly id: number
  readonly element: HTMLElement
  readonly #title = h('h1', {})
  readonly #facts = h('dl', { class: 'facts' })
  readonly #lines = h('ol', { class: 'lines', tabindex: 0, 'aria-label': 'What was said' })
  #session: SessionView | null = null
  #last = 0
  #start = 0

  constructor(id: number) {
    this.id = id
    const copy = button('copy', 'Copy', () => navigator.clipboard?.writeText(this.#asText()).catch(() => {}))
    this.element = h(
      'div',
      { class: 'session' },
      h('header', {}, h('div', { class: 'actions' }, backLink(), this.#title, copy), this.#facts),
      this.#lines,
    )
  }

  head(session: SessionView): void {
    this.#session = session
    const { protocol, listener, peer, port, user, tls, closedAt, closeReason } = session
    this.#start = Date.parse(session.openedAt)
    const state =
      closedAt === null
        ? `open for ${age(session)}`
        : `closed after ${age(session)}${closeReason === '' ? '' : `: ${closeReason}`}`
    const row = (label: string, value: Child): Child => h('div', {}, h('dt', {}, label), h('dd', {}, value))
    fill(this.#title, `${protocol.toUpperCase()} session ${session.id}`)
    fill(
      this.#facts,
      row('Client', peer),
      row('Port', `${port} (${listener})`),
      row('User', user ?? 'not logged in'),
      row('TLS', tls ?? 'none'),
      row('State', state),
    )
  }

  add(lines: readonly SessionLine[]): void {
    const isAtEnd = this.#lines.scrollHeight - this.#lines.scrollTop - this.#lines.clientHeight < 40
    // after a stream was lost some come again
    const news = lines.filter(({ n }) => n > this.#last)
    if (news[0] && news[0].n > this.#last + 1) {
      const missing = news[0].n - this.#last - 1
      this.#lines.append(
        h('li', { class: 'note' }, h('span', {}, `${several(missing, 'earlier line')} kept no more`)),
      )
    }
    const protocol = this.#session?.protocol ?? 'smtp'
    for (const line of news) this.#lines.append(this.#row(line, annotate(protocol, line)))
    this.#last = news.at(-1)?.n ?? this.#last
    while (this.#lines.children.length > MOST_LINES) this.#lines.firstElementChild!.remove()
    if (isAtEnd) this.toEnd()
  }

  toEnd(): void {
    this.#lines.scrollTop = this.#lines.scrollHeight
  }

  #row({ at, by, text }: SessionLine, note: ReturnType<typeof annotate>): HTMLElement {
    const said = { client: 'C', server: 'S', content: 'C', note: '' }[by]
    const time = h('time', { title: clock(at) }, `+${((at - this.#start) / 1000).toFixed(3)}`)
    return h(
      'li',
      { class: note ? `${by} ${note.kind}` : by },
      time,
      said === ''
        ? h('span', { class: 'by' })
        : h('span', { class: 'by' }, said, unseen(by === 'server' ? 'erver: ' : 'lient: ')),
      h('span', { class: 'said' }, text === '' ? ' ' : text),
      note !== null && note.text !== '' && h('span', { class: 'annotation' }, note.text),
    )
  }

  #asText(): string {
    return [...this.#lines.children]
      .map(
        row =>
          `${row.querySelector('.by')?.firstChild?.textContent ?? '-'}: ${row.querySelector('.said')?.textContent ?? row.textContent}`,
      )
      .join('\n')
  }
}

// The pane of one message. Its HTML is in a sandboxed frame, which has no origin and runs nothing; everything else is text.
import type { MessageView } from '../src/web/api-types.ts'
import { ApiError, api, type MessagePlace, messagePath } from './api.ts'
import { announce, button, type Child, fill, h, icon, unseen } from './dom.ts'
import { headers, parts, source, text } from './message-body.ts'
import { envelope, findings, verdicts } from './message-head.ts'
import { go, type MailRoute, mailHash, TABS, type Tab } from './route.ts'

const NAMES: Readonly<Record<Tab, string>> = {
  ...{ html: 'HTML', text: 'Text', source: 'Source', parts: 'Parts', headers: 'Headers' },
}

export class MessagePane {
  readonly element: HTMLElement = h('article', {
    class: 'pane message',
    'aria-label': 'Message',
    tabindex: -1,
  })
  readonly #onRemoved: (uid: number) => void
  #place: MessagePlace | null = null
  #route: MailRoute | null = null
  #message: MessageView | null = null
  #body: HTMLElement | null = null
  #withRemote = false
  #seen = true

  constructor(onRemoved: (uid: number) => void) {
    this.#onRemoved = onRemoved
    this.clear()
  }

  clear(): void {
    this.#place = null
    this.#message = null
    fill(this.element, h('p', { class: 'nothing' }, icon('mail'), 'No message is open.'))
  }

  async show(place: MessagePlace, route: MailRoute): Promise<void> {
    this.#route = route
    if (isSame(this.#place, place)) {
      if (this.#message) this.#showTab(this.#message)
      return
    }
    this.#place = place
    this.#message = null
    this.#withRemote = false
    try {
      const message = await api.message(place)
      if (!isSame(this.#place, place)) return
      this.#message = message
      this.#draw(message)
      this.#seen = true
      if (!message.seen) await api.setSeen(place, true)
    } catch (error) {
      if (!isSame(this.#place, place)) return
      const text = error instanceof ApiError ? error.message : 'The server is not reached.'
      fill(
        this.element,
        this.#backLink(),
        h('p', { class: 'nothing' }, icon('mail'), `${text[0]!.toUpperCase()}${text.slice(1)}`),
      )
    }
  }

  remove(): boolean {
    const place = this.#place
    if (!place) return false
    api.remove(place).then(
      () => {
        announce('The message is removed')
        this.#onRemoved(place.uid)
      },
      error => announce((error as Error).message),
    )
    return true
  }

  toggleSeen(): boolean {
    const place = this.#place
    if (!place || !this.#message) return false
    const seen = !this.#seen
    this.#seen = seen
    api.setSeen(place, seen).then(
      () => announce(seen ? 'Read' : 'Unread'),
      error => announce((error as Error).message),
    )
    return true
  }

  #draw(message: MessageView): void {
    document.title = `${message.subject || '(no subject)'} – ${message.account}`
    const tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'How to look at the message' })
    for (const tab of TABS) {
      if (tab === 'html' && !message.hasHtml) continue
      tabs.append(
        h(
          'button',
          {
            type: 'button',
            role: 'tab',
            id: `tab-${tab}`,
            'aria-controls': 'body',
            onclick: () => this.#choose(tab),
          },
          NAMES[tab],
          tab === 'parts' && h('small', {}, String(message.parts.length)),
        ),
      )
    }
    tabs.addEventListener('keydown', event => this.#tabKey(event, tabs))
    this.#body = h('div', { class: 'body', id: 'body', role: 'tabpanel', tabindex: 0 })
    fill(
      this.element,
      h(
        'header',
        {},
        h(
          'div',
          { class: 'actions' },
          this.#backLink(),
          h('h1', {}, message.subject || '(no subject)'),
          h(
            'a',
            {
              class: 'quiet',
              href: `${messagePath(message)}/source?download`,
              download: '',
              title: 'Download the source',
            },
            icon('download'),
            unseen('Download the source'),
          ),
          h(
            'button',
            { class: 'quiet', type: 'button', title: 'Remove (Delete)', onclick: () => this.remove() },
            icon('trash'),
            unseen('Remove'),
          ),
        ),
        envelope(message),
        verdicts(message),
        findings(message),
        tabs,
      ),
      this.#body,
    )
    this.element.scrollTop = 0
    this.#showTab(message)
  }

  #backLink(): HTMLElement {
    const href = this.#route ? mailHash({ ...this.#route, uid: null, tab: null }) : mailHash({})
    return h('a', { class: 'quiet back', href }, icon('back'), unseen('Back to the list'))
  }

  #choose(tab: Tab): void {
    if (this.#route) go(mailHash({ ...this.#route, tab }), 'replace')
  }

  #tabKey(event: KeyboardEvent, tabs: HTMLElement): void {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    event.preventDefault()
    const all = [...tabs.querySelectorAll('button')]
    const at = all.indexOf(document.activeElement as HTMLButtonElement)
    const next = all[(at + by + all.length) % all.length]!
    next.focus()
    next.click()
  }

  #showTab(message: MessageView): void {
    const usual: Tab = message.hasHtml ? 'html' : 'text'
    const wanted = this.#route?.tab ?? usual
    const tab = wanted === 'html' && !message.hasHtml ? 'text' : wanted
    for (const each of this.element.querySelectorAll('[role=tab]')) {
      const isChosen = each.id === `tab-${tab}`
      each.setAttribute('aria-selected', String(isChosen))
      each.setAttribute('tabindex', isChosen ? '0' : '-1')
    }
    const body = this.#body!
    body.dataset['tab'] = tab
    body.setAttribute('aria-labelledby', `tab-${tab}`)
    if (tab === 'html') fill(body, ...this.#html(message))
    else if (tab === 'text') fill(body, ...text(message))
    else if (tab === 'source') source(message, body)
    else if (tab === 'parts') fill(body, parts(message))
    else fill(body, headers(message))
  }

  #html(message: MessageView): Child[] {
    const address = `${messagePath(message)}/html`
    const frame = h('iframe', {
      ...{ sandbox: 'allow-popups allow-popups-to-escape-sandbox', referrerpolicy: 'no-referrer' },
      title: 'The message as HTML',
      src: this.#withRemote ? `${address}?remote=1` : address,
    })
    const load = button('picture', 'Load them', () => {
      this.#withRemote = true
      this.#showTab(message)
    })
    const notice =
      message.hasRemotePictures &&
      h(
        'p',
        { class: 'notice' },
        icon('picture'),
        h(
          'span',
          {},
          this.#withRemote
            ? 'Pictures from elsewhere are loaded.'
            : 'Pictures from elsewhere are not loaded.',
        ),
        !this.#withRemote && load,
      )
    return [notice, frame]
  }
}

function isSame(a: MessagePlace | null, b: MessagePlace): boolean {
  return a !== null && a.account === b.account && a.folder === b.folder && a.uid === b.uid
}

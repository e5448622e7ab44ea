// The pane of one message. Its HTML is in a sandboxed frame, which has no origin and runs nothing; everything else is text.
import type { MessageView, PartView, Person } from '../src/web/api-types.ts'
import { ApiError, api, type MessagePlace, messagePath } from './api.ts'
import { announce, button, type Child, fill, h, icon, unseen } from './dom.ts'
import { hueOf, longTime, octets, shortTime } from './format.ts'
import { nameOf } from './message-list.ts'
import { go, type MailRoute, mailHash, TABS, type Tab } from './route.ts'

const NAMES: Readonly<Record<Tab, string>> = {
  ...{ html: 'HTML', text: 'Text', source: 'Source', parts: 'Parts', headers: 'Headers' },
}
const MOST_LINKS_SHOWN = 30

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

function envelope(message: MessageView): HTMLElement {
  const name = nameOf(message)
  const face = h('span', { class: 'face', 'aria-hidden': 'true' }, [...name][0]?.toUpperCase() ?? '?')
  face.style.setProperty('--hue', String(hueOf(message.from?.address ?? '')))
  const { from, to, cc, arrived, date, size, returnPath } = message
  const row = (label: string, ...values: readonly Child[]): Child =>
    h('div', {}, h('dt', {}, label), h('dd', {}, ...values))
  return h(
    'div',
    { class: 'envelope' },
    face,
    h(
      'dl',
      {},
      row('From', from ? person(from) : 'nobody'),
      row('To', to.length > 0 ? people(to) : 'nobody'),
      cc.length > 0 && row('Cc', people(cc)),
      returnPath !== null && returnPath !== `<${from?.address}>` && row('Return path', returnPath),
    ),
    h(
      'p',
      { class: 'when' },
      h(
        'time',
        {
          datetime: arrived,
          title: `${longTime(arrived)}${date === null ? '; it says no date' : `; it says ${longTime(date)}`}`,
        },
        shortTime(arrived),
      ),
      h('span', {}, octets(size)),
    ),
  )
}

function person({ name, address }: Person): HTMLElement {
  return h(
    'span',
    { class: 'person', title: address },
    name !== '' && h('b', {}, name),
    name === '' ? h('b', {}, address) : h('span', {}, ` ${address}`),
  )
}

function people(all: readonly Person[]): HTMLElement {
  return h(
    'span',
    { class: 'people' },
    ...all.slice(0, 20).map(person),
    all.length > 20 && `and ${all.length - 20} more`,
  )
}

function verdicts({ verdicts: all }: MessageView): Child {
  if (all.length === 0) return null
  return h(
    'ul',
    { class: 'verdicts', 'aria-label': 'Authentication' },
    ...all.map(({ method, result, detail, by }) =>
      h(
        'li',
        {
          'data-result':
            result === 'pass' ? 'good' : result === 'none' || result === 'neutral' ? 'none' : 'bad',
          title: `${by} says: ${detail}`,
        },
        h('span', {}, method.toUpperCase()),
        ` ${result}`,
      ),
    ),
  )
}

/** The one-time code and the links: what most tests look for. */
function findings({ code, links }: MessageView): Child {
  if (code === null && links.length === 0) return null
  return h(
    'div',
    { class: 'findings' },
    code !== null &&
      h(
        'p',
        { class: 'code' },
        h('span', {}, 'Code'),
        h('code', {}, code),
        copyButton('Copy the code', code),
      ),
    links.length > 0 &&
      h(
        'details',
        { class: 'links', open: links.length === 1 },
        h('summary', {}, links.length === 1 ? '1 link' : `${links.length} links`),
        h(
          'ul',
          {},
          ...links
            .slice(0, MOST_LINKS_SHOWN)
            .map(link =>
              h(
                'li',
                {},
                h('a', { href: link, target: '_blank', rel: 'noopener noreferrer nofollow' }, link),
                copyButton('Copy the link', link),
              ),
            ),
          links.length > MOST_LINKS_SHOWN && h('li', {}, `and ${links.length - MOST_LINKS_SHOWN} more`),
        ),
      ),
  )
}

function copyButton(label: string, value: string): HTMLElement {
  const copy = (): void => {
    navigator.clipboard?.writeText(value).then(
      () => announce('Copied'),
      () => announce('Not copied: the browser does not allow it'),
    )
  }
  return h(
    'button',
    { class: 'quiet', type: 'button', title: label, onclick: copy },
    icon('copy'),
    unseen(label),
  )
}

function text(message: MessageView): Child[] {
  if (message.text === '') return [h('p', { class: 'note' }, 'The message has no text.')]
  return [
    h('pre', { class: 'text' }, message.text),
    message.textIsCut && h('p', { class: 'note' }, 'The rest is in the source.'),
  ]
}

/** Longest source that is put into the page, characters. */
const LONGEST_SOURCE = 400_000

async function source(message: MessageView, body: HTMLElement): Promise<void> {
  fill(body)
  try {
    const whole = await api.source(message)
    if (body.dataset['tab'] !== 'source') return
    const shown = whole.slice(0, LONGEST_SOURCE)
    const end = /\r?\n\r?\n/.exec(shown)
    const headerEnd = end ? end.index : shown.length
    fill(
      body,
      h(
        'pre',
        { class: 'source' },
        h('span', { class: 'head' }, shown.slice(0, headerEnd)),
        shown.slice(headerEnd),
      ),
      whole.length > LONGEST_SOURCE &&
        h('p', { class: 'note' }, 'The rest is in the file that can be downloaded above.'),
    )
  } catch (error) {
    fill(body, h('p', { class: 'note' }, (error as Error).message))
  }
}

function parts(message: MessageView): HTMLElement {
  return h('ul', { class: 'parts' }, ...message.parts.map(part => partRow(message, part)))
}

function partRow(message: MessageView, part: PartView): HTMLElement {
  const { id, depth, contentType, filename, disposition, contentId, size, isLeaf, isPicture } = part
  const path = `${messagePath(message)}/parts/${id}`
  const facts = [contentType, disposition, contentId, octets(size)].filter(fact => fact !== null)
  const row = h(
    'li',
    {},
    isPicture
      ? h('img', { src: `${path}?inline`, alt: '', loading: 'lazy' })
      : h('span', { class: 'kind', 'aria-hidden': 'true' }, kindOf(part)),
    h(
      'div',
      {},
      h('b', {}, filename ?? contentType),
      h('small', {}, `${id} · ${facts.slice(filename === null ? 1 : 0).join(' · ')}`),
    ),
    isLeaf &&
      h(
        'a',
        { class: 'button', href: path, download: '' },
        icon('download'),
        h('span', {}, 'Download'),
        unseen(` ${filename ?? `part ${id}`}`),
      ),
  )
  row.style.setProperty('--level', String(depth))
  return row
}

function kindOf({ contentType, filename }: PartView): string {
  const extension = /\.([A-Za-z0-9]{1,4})$/.exec(filename ?? '')?.[1]
  return (extension ?? contentType.split('/')[1]!.slice(0, 4)).toUpperCase()
}

function headers({ headers: all }: MessageView): HTMLElement {
  return h(
    'dl',
    { class: 'headers' },
    ...all.map(({ name, value }) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}

function isSame(a: MessagePlace | null, b: MessagePlace): boolean {
  return a !== null && a.account === b.account && a.folder === b.folder && a.uid === b.uid
}

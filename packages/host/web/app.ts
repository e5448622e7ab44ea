// The page: what stands around the views, and which of them is shown.
import { api } from './api.ts'
import { connectView } from './connect.ts'
import { byId, fill, h, type IconName, icon, unseen } from './dom.ts'
import { FailuresView } from './failures.ts'
import { Live } from './live.ts'
import { MailView } from './mail.ts'
import { OutboxView } from './outbox.ts'
import { mailHash, type Route, readRoute } from './route.ts'
import { SessionsView } from './sessions.ts'
import { openShortcuts } from './shortcuts.ts'

/** One of the views: it fills the main part, and follows its addresses. */
export interface View {
  readonly element: HTMLElement
  /** The view is on the screen; called for each new address of it. */
  show(route: Route): void
  /** Something may have been missed. */
  refresh(): void
  /** The view leaves the screen. */
  leave?(): void
  /** True when the key meant something. */
  key?(event: KeyboardEvent): boolean
}

const NAVIGATION: readonly (readonly [view: Route['view'], label: string, icon: IconName, href: string])[] = [
  ['mail', 'Mail', 'mail', mailHash({})],
  ['sessions', 'Sessions', 'terminal', '#/sessions'],
  ['outbox', 'Outbox', 'outbox', '#/outbox'],
  ['failures', 'Failures', 'bolt', '#/failures'],
  ['connect', 'Connect', 'plug', '#/connect'],
]

const state = h('span', { class: 'state', title: 'Not connected' }, unseen('Not connected'))
const badges = new Map<Route['view'], HTMLElement>()
const live = new Live(
  isLive => {
    const text = isLive ? 'Connected: what happens is shown at once' : 'The server is not reached'
    state.classList.toggle('on', isLive)
    state.title = text
    fill(state, unseen(text))
  },
  () => current?.refresh(),
)
const views: Readonly<Record<Route['view'], () => View>> = {
  mail: once(() => new MailView(live)),
  sessions: once(() => new SessionsView(live)),
  outbox: once(() => new OutboxView(live)),
  failures: once(() => new FailuresView(live)),
  connect: once(() => connectView()),
}
let current: View | null = null

function once<T>(make: () => T): () => T {
  let made: T | null = null
  return () => (made ??= make())
}

function bar(): void {
  const links = NAVIGATION.map(([view, label, name, href]) => {
    const badge = h('span', { class: 'badge', hidden: true })
    badges.set(view, badge)
    return h('a', { href, 'data-view': view }, icon(name), h('span', { class: 'label' }, label), badge)
  })
  fill(
    byId('bar'),
    h(
      'a',
      { class: 'brand', href: mailHash({}), 'aria-label': 'email-server: to the mail' },
      brandMark(),
      h('span', {}, 'email-server'),
    ),
    h('nav', { 'aria-label': 'Views' }, ...links),
    h(
      'button',
      { class: 'quiet keys', type: 'button', title: 'Keys (?)', onclick: openShortcuts },
      icon('keyboard'),
      unseen('Keys'),
    ),
    state,
  )
}

function brandMark(): HTMLElement {
  return h('img', { src: '/icon.svg', alt: '', width: 24, height: 24 })
}

function navigate(): void {
  const route = readRoute(location.hash)
  const view = views[route.view]()
  for (const link of byId('bar').querySelectorAll('nav a')) {
    if (link.getAttribute('data-view') === route.view) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  if (view !== current) {
    current?.leave?.()
    current = view
    const main = byId('main')
    main.dataset['view'] = route.view
    fill(main, view.element)
  }
  view.show(route)
}

function showFailureCount(count: number): void {
  const badge = badges.get('failures')!
  badge.hidden = count === 0
  fill(badge, String(count), unseen(' active'))
}

addEventListener('hashchange', navigate)
addEventListener('keydown', event => {
  const target = event.target as HTMLElement
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return
  const isTyping = target.matches('input, textarea, select')
  if (isTyping && event.key !== 'Escape') return
  if (event.key === '?') openShortcuts()
  else if (!current?.key?.(event)) return
  event.preventDefault()
})
byId('skip').addEventListener('click', event => {
  event.preventDefault()
  byId('main').focus()
})
live.on('failures', failures => showFailureCount(failures.filter(({ left }) => left !== 0).length))
api.failures().then(
  failures => showFailureCount(failures.filter(({ left }) => left !== 0).length),
  () => {},
)
bar()
navigate()
live.start()

// The accounts' mail in three panes: folders, the messages of one, one of them. On a narrow screen one pane at a time.
import type { View } from './app.ts'
import { h } from './dom.ts'
import { FolderPane } from './folders.ts'
import type { Live } from './live.ts'
import { MessagePane } from './message.ts'
import { MessageListPane } from './message-list.ts'
import { go, type MailRoute, mailHash, type Route } from './route.ts'

/** Folder counts follow after the messages, ms. */
const COUNTS_AFTER_MS = 60

export class MailView implements View {
  readonly element: HTMLElement
  readonly #folders = new FolderPane()
  readonly #list = new MessageListPane()
  readonly #message: MessagePane
  #route: MailRoute | null = null
  #timer = 0

  constructor(live: Live) {
    this.#message = new MessagePane(uid => this.#removed(uid))
    this.element = h(
      'div',
      { class: 'panes' },
      this.#folders.element,
      this.#list.element,
      this.#message.element,
    )
    live.on('mail', ({ account, folder, kind }) => {
      const isHere = account === this.#route?.account && folder === this.#route.folder
      if (isHere && kind !== 'folders') this.#list.load()
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#folders.load(), COUNTS_AFTER_MS)
    })
    this.#folders.load().then(() => this.#fallBack())
  }

  show(route: Route): void {
    if (route.view !== 'mail') return
    const before = this.#route
    this.#route = route
    const { account, folder, uid } = route
    this.element.dataset['pane'] = account === null ? 'folders' : uid === null ? 'list' : 'message'
    this.#folders.select(account, folder)
    document.title = account === null ? 'Mail' : `${folder === 'INBOX' ? 'Inbox' : folder} – ${account}`
    if (account === null) {
      this.#message.clear()
      this.#fallBack()
      return
    }
    this.#list.show({ ...route, account })
    if (uid === null) {
      this.#message.clear()
      if (before?.uid != null && before.account === account) this.#list.focusCurrent()
    } else this.#message.show({ account, folder, uid }, route)
  }

  refresh(): void {
    this.#list.load()
    this.#folders.load()
  }

  key(event: KeyboardEvent): boolean {
    const route = this.#route
    if (!route) return false
    switch (event.key) {
      case 'j':
      case 'ArrowDown':
        return this.#move(event, 1)
      case 'k':
      case 'ArrowUp':
        return this.#move(event, -1)
      case '/':
        this.#list.focusSearch()
        break
      case 'Delete':
      case '#':
        return route.uid !== null && this.#message.remove()
      case 'u':
        return route.uid !== null && this.#message.toggleSeen()
      case 'Escape':
        if (this.#list.leaveSearch()) break
        if (route.uid !== null) go(mailHash({ ...route, uid: null, tab: null }))
        else if (route.account !== null) this.#list.focusCurrent()
        break
      default:
        return false
    }
    return true
  }

  #move(event: KeyboardEvent, by: number): boolean {
    // arrows scroll what is being read, and choose among tabs
    if (event.key.startsWith('Arrow') && this.#message.element.contains(document.activeElement)) return false
    if (!this.#folders.move(by)) this.#list.move(by)
    return true
  }

  /** A wide screen has room for a folder beside the list of folders: the first account's INBOX. */
  #fallBack(): void {
    const account = this.#folders.first
    if (this.#route?.account !== null || account === null) return
    if (matchMedia('(min-width: 760px)').matches || location.hash === '') go(mailHash({ account }), 'replace')
  }

  #removed(uid: number): void {
    const route = this.#route
    if (route?.uid !== uid) return
    const next = this.#list.neighbour(uid)
    const isWide = matchMedia('(min-width: 760px)').matches
    go(mailHash({ ...route, uid: isWide ? next : null, tab: null }), 'replace')
    this.#list.load()
  }
}

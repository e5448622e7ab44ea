// The pane of accounts and folders.
import type { AccountView, FolderView } from '../src/web/api-types.ts'
import { api } from './api.ts'
import { fill, h, type IconName, icon, unseen } from './dom.ts'
import { hueOf, several } from './format.ts'
import { Gathered } from './gathered.ts'
import { mailHash } from './route.ts'

const ICONS: Readonly<Record<string, IconName>> = {
  ...{ Sent: 'sent', Drafts: 'draft', Junk: 'junk', Trash: 'trash', Archive: 'archive' },
}

export class FolderPane {
  readonly element: HTMLElement = h('nav', { class: 'pane folders', 'aria-label': 'Accounts and folders' })
  #accounts: readonly { readonly account: AccountView; readonly folders: readonly FolderView[] }[] = []
  #current: { readonly account: string; readonly folder: string } | null = null
  readonly #loading = new Gathered(() => this.#loadOnce())

  /** The first account; null when there is none. */
  get first(): string | null {
    return this.#accounts[0]?.account.address ?? null
  }

  select(account: string | null, folder: string): void {
    this.#current = account === null ? null : { account, folder }
    for (const link of this.element.querySelectorAll('a')) this.#mark(link)
  }

  async load(): Promise<void> {
    await this.#loading.run()
  }

  async #loadOnce(): Promise<void> {
    const accounts = await api.accounts()
    this.#accounts = await Promise.all(
      accounts.map(async account => ({ account, folders: await api.folders(account.address) })),
    )
    this.#draw()
  }

  /** The folder above or below the one that has the focus. */
  move(by: number): boolean {
    const links = [...this.element.querySelectorAll('a')]
    const at = links.indexOf(document.activeElement as HTMLAnchorElement)
    if (at < 0) return false
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus()
    return true
  }

  #draw(): void {
    const focused = (document.activeElement as HTMLElement | null)?.getAttribute('href')
    fill(
      this.element,
      ...this.#accounts.map(({ account, folders }) => {
        const [local = '', domain = ''] = account.address.split('@')
        const face = h('span', { class: 'face', 'aria-hidden': 'true' }, local.slice(0, 1).toUpperCase())
        face.style.setProperty('--hue', String(hueOf(account.address)))
        return h(
          'section',
          { class: 'account' },
          h('h2', { title: account.address }, face, h('span', {}, local, h('small', {}, `@${domain}`))),
          h('ul', {}, ...folders.map(folder => h('li', {}, this.#link(account.address, folder)))),
        )
      }),
    )
    if (focused) this.element.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus()
  }

  #link(account: string, { name, specialUse, unread, total }: FolderView): HTMLElement {
    const levels = name.split('/')
    const picture =
      name === 'INBOX' ? 'inbox' : (ICONS[specialUse ?? ''] ?? (name === 'Outbox' ? 'outbox' : 'folder'))
    const link = h(
      'a',
      {
        href: mailHash({ account, folder: name }),
        'data-account': account,
        'data-folder': name,
        title: name,
      },
      icon(picture),
      h('span', { class: 'name' }, name === 'INBOX' ? 'Inbox' : levels.at(-1)!),
      unread > 0
        ? h('span', { class: 'count' }, String(unread), unseen(' unread'))
        : total > 0 &&
            h(
              'span',
              { class: 'count quiet' },
              String(total),
              unseen(` ${several(total, 'message')}`.replace(/\d+/, '')),
            ),
    )
    link.style.setProperty('--level', String(levels.length - 1))
    this.#mark(link)
    return link
  }

  #mark(link: Element): void {
    const isCurrent =
      this.#current !== null &&
      link.getAttribute('data-account') === this.#current.account &&
      link.getAttribute('data-folder') === this.#current.folder
    if (isCurrent) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

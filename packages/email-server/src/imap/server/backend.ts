// A session's relation to its backend: the mailbox session, the open folder, and the news of it.
import type { MailboxNews, MailboxSession } from '../../mailbox/index.ts'
import { resolve } from '../../mailbox/index.ts'
import type { SelectedFolder } from '../selected.ts'
import { transition } from '../state.ts'
import type { Core } from './core.ts'
import { tellNews } from './tell-news.ts'

export class Backend {
  readonly #core: Core
  /** The folder whose numbering is being loaded; it hears news already. */
  #opening: SelectedFolder | null = null
  #telling: Promise<void> = Promise.resolve()

  constructor(core: Core) {
    this.#core = core
  }

  /** Somebody has logged in. */
  open(mailbox: MailboxSession): void {
    const core = this.#core
    core.mailbox = mailbox
    core.standing = transition(core.standing, { kind: 'authenticated', mailbox })
    mailbox.onNews = news => this.#hear(news)
  }

  /** Opens the numbering of a folder that the backend has opened. */
  async select(folder: SelectedFolder): Promise<void> {
    const core = this.#core
    const mailbox = core.mailbox!
    this.#opening = folder
    mailbox.currentFolder = folder.name
    try {
      const { view } = folder
      folder.idsAreUids = await resolve(mailbox, [[1, Number.POSITIVE_INFINITY]], uid => view.append(uid))
      view.trim()
      core.standing = transition(core.standing, { kind: 'selected', mailbox, folder })
    } catch (error) {
      mailbox.currentFolder = null
      throw error
    } finally {
      this.#opening = null
    }
  }

  /** Leaves the open folder, if there is one. */
  deselect(): void {
    const { standing } = this.#core
    if (standing.kind !== 'selected') return
    standing.mailbox.currentFolder = null
    this.#core.standing = transition(standing, { kind: 'authenticated', mailbox: standing.mailbox })
  }

  /** The session is over. */
  close(): void {
    const core = this.#core
    core.standing = transition(core.standing, { kind: 'logout' })
    if (!core.mailbox) return
    core.mailbox.currentFolder = null
    core.mailbox.closed()
  }

  /** Tells what is new, one telling at a time; a failure costs the news, not the session. */
  tell(mayExpunge: boolean): Promise<void> {
    const core = this.#core
    this.#telling = this.#telling.then(async () => {
      const { standing } = core
      if (standing.kind !== 'selected' || !standing.folder.news.pending) return
      try {
        await tellNews({ core, mailbox: standing.mailbox, folder: standing.folder }, mayExpunge)
      } catch (error) {
        core.out.discard()
        if (!core.over && error !== core.reported) core.port.failed('news could not be told', error)
      }
      if (core.mode === 'idle') core.out.rest()
    })
    return this.#telling
  }

  /** In IDLE, what is new is told at once. */
  tellIdling(): void {
    if (this.#core.mode === 'idle') void this.tell(true)
  }

  #hear(news: MailboxNews): void {
    const { standing } = this.#core
    const folder = this.#opening ?? (standing.kind === 'selected' ? standing.folder : null)
    if (!folder) return
    folder.news.add(news)
    this.tellIdling()
  }
}

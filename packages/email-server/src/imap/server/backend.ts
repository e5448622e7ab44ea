// A session's relation to its backend: the mailbox session, the open folder, and the news of it.
import type { FolderNews, MailboxNews, MailboxSession } from '../../mailbox/index.ts'
import { resolve } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { SelectedFolder } from '../selected.ts'
import { transition } from '../state.ts'
import type { Core } from './core.ts'
import { FolderNewsQueue } from './folder-news.ts'
import { openWatch, tellNews } from './tell-news.ts'

export class Backend {
  readonly #core: Core
  /** The folder whose numbering is being loaded; it hears news already. */
  #opening: SelectedFolder | null = null
  /** News of other folders, for a client that has asked for them. */
  #others: FolderNewsQueue | null = null
  #telling: Promise<void> = Promise.resolve()
  #busy = false
  /** Set by the session: what is told is asked for and written like what commands answer. */
  context: CommandContext | null = null

  constructor(core: Core) {
    this.#core = core
  }

  /** Somebody has logged in. */
  open(mailbox: MailboxSession): void {
    const core = this.#core
    core.mailbox = mailbox
    core.standing = transition(core.standing, { kind: 'authenticated', mailbox })
    mailbox.onNews = news => this.#hear(news)
    mailbox.onFolderNews = news => this.#hearOthers(news)
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

  /** What is being told right now; null: nothing. */
  get telling(): Promise<void> | null {
    return this.#busy ? this.#telling : null
  }

  /** Tells what is new, one telling at a time; a failure costs the news, not the session. */
  tell(mayExpunge: boolean): Promise<void> {
    this.#telling = this.#telling.then(() => this.#tell(mayExpunge))
    return this.#telling
  }

  /** Where no command runs: in IDLE everything is told at once, between commands what NOTIFY has asked for. */
  tellAtOnce(): void {
    const { mode, dialect } = this.#core
    if (mode === 'idle') void this.tell(true)
    else if (mode === 'waiting' && dialect.watching) {
      const mayExpunge = !dialect.watching.open.delayed
      if (!this.#pending(mayExpunge)) return
      this.#telling = this.#telling.then(async () => {
        // a command that has begun meanwhile tells at its end
        if (this.#core.mode === 'waiting') await this.#tell(mayExpunge)
      })
    }
  }

  async #tell(mayExpunge: boolean): Promise<void> {
    if (!this.#pending(mayExpunge)) return
    const core = this.#core
    const cx = this.context!
    this.#busy = true
    try {
      const { standing, dialect } = core
      if (standing.kind === 'selected' && standing.folder.news.pendingFor(openWatch(core), mayExpunge))
        await tellNews({ core, cx, mailbox: standing.mailbox, folder: standing.folder }, mayExpunge)
      if (dialect.watching && !core.over)
        await this.#others?.tell(cx, dialect.watching, core.mailbox?.currentFolder ?? null)
    } catch (error) {
      core.out.discard()
      if (!core.over && error !== core.reported) core.port.failed('news could not be told', error)
    } finally {
      this.#busy = false
    }
    if (core.mode !== 'running') core.out.rest()
  }

  #pending(mayExpunge: boolean): boolean {
    const { standing } = this.#core
    if (this.#others?.pending) return true
    return standing.kind === 'selected' && standing.folder.news.pendingFor(openWatch(this.#core), mayExpunge)
  }

  #hear(news: MailboxNews): void {
    const { standing } = this.#core
    const folder = this.#opening ?? (standing.kind === 'selected' ? standing.folder : null)
    if (!folder) return
    folder.news.add(news)
    this.tellAtOnce()
  }

  #hearOthers(news: FolderNews): void {
    const { watching } = this.#core.dialect
    if (!watching) return
    this.#others ??= new FolderNewsQueue()
    this.#others.hear(news, watching)
    this.tellAtOnce()
  }
}

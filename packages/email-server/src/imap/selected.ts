// The open folder of a session: its view, and what was said of it when it was opened.
import type { OpenedFolder } from '../mailbox/index.ts'
import { News } from './news.ts'
import { SequenceView } from './view.ts'

export class SelectedFolder {
  readonly name: string
  readonly opened: OpenedFolder
  /** Nothing may be changed: EXAMINE, or the backend said so. */
  readonly readOnly: boolean
  readonly view: SequenceView = new SequenceView()
  readonly news: News
  /** Messages from this UID on are \Recent here (RFC 3501 §2.3.2). */
  recentFrom: number = Number.POSITIVE_INFINITY
  /** Every id was its UID so far: ids need not be asked for. */
  idsAreUids = true

  constructor(name: string, opened: OpenedFolder, readOnly: boolean) {
    this.name = name
    this.opened = opened
    this.readOnly = readOnly
    this.news = new News(this.view)
  }

  /** How many messages are \Recent in this session. */
  recent(): number {
    return this.view.count - this.view.countBelow(this.recentFrom)
  }
}

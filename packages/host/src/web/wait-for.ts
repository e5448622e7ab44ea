// Waiting for a message: the first one that fits, as soon as it is there.
import type { SearchKey } from 'email-server/mailbox'
import type { MessageSummary, MessageView } from './api-types.ts'
import type { Mailboxes } from './mailboxes.ts'
import type { News } from './news.ts'

export interface Wanted {
  readonly account: string
  readonly folder: string
  /** Messages with a higher UID only. */
  readonly after: number
  /** Contained in the field, in any case of letters; '' is anything. */
  readonly subject: string
  readonly from: string
  /** Contained in the text or the header. */
  readonly text: string
  readonly withinMs: number
}

/** Programs that wait at a time. */
export const MOST_WAITING = 64

/** Null: none has come in time, or the one who waited has gone. Resolves with what came first. */
export async function waitFor(
  mailboxes: Mailboxes,
  news: News,
  wanted: Wanted,
  gone: AbortSignal,
): Promise<MessageView | null> {
  await news.watchAccounts()
  const bell = new Bell()
  const unhear = news.onMail(({ account, kind }) => {
    if (account === wanted.account && kind === 'new') bell.ring()
  })
  const timer = setTimeout(() => bell.stop(), wanted.withinMs)
  gone.addEventListener('abort', () => bell.stop(), { once: true })
  try {
    for (;;) {
      const [uid] = await mailboxes.find(wanted.account, wanted.folder, criteriaOf(wanted))
      if (uid !== undefined) return await mailboxes.message(wanted.account, wanted.folder, uid)
      if (gone.aborted || !(await bell.rung())) return null
    }
  } finally {
    clearTimeout(timer)
    unhear()
  }
}

/** What is there instead, for who waited in vain. */
export async function instead(mailboxes: Mailboxes, { account, folder }: Wanted): Promise<MessageSummary[]> {
  const { messages } = await mailboxes.list(account, { folder, before: null, limit: 10, search: '' })
  return [...messages]
}

function criteriaOf({ after, subject, from, text }: Wanted): SearchKey {
  const keys: SearchKey[] = [{ key: 'uid', ranges: [[after + 1, Number.POSITIVE_INFINITY]] }]
  if (subject !== '') keys.push({ key: 'header', name: 'subject', value: subject })
  if (from !== '') keys.push({ key: 'header', name: 'from', value: from })
  if (text !== '') keys.push({ key: 'text', value: text })
  return { key: 'and', keys }
}

/** Remembers that it was rung while nobody listened. */
class Bell {
  #rung = false
  #isStopped = false
  #wake: () => void = () => {}

  ring(): void {
    this.#rung = true
    this.#wake()
  }

  stop(): void {
    this.#isStopped = true
    this.#wake()
  }

  /** False: it will not be rung any more. */
  async rung(): Promise<boolean> {
    while (!this.#rung && !this.#isStopped) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}

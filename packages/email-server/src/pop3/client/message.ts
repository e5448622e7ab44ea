// A message of the loop over a maildrop: nothing of it is fetched before it is asked for.
import type { MessageStream } from './bodies.ts'
import type { ListEntry, UidlEntry } from './replies.ts'

/** What a message, and the loop, ask of their session. */
export interface MessageSource {
  readonly state: string
  list(): Promise<ListEntry[]>
  uidl(): Promise<UidlEntry[]>
  retr(index: number): Promise<Uint8Array>
  retrStream(index: number): Promise<MessageStream>
  top(index: number, lines: number): Promise<Uint8Array>
  dele(index: number): Promise<void>
}

export class Pop3Message {
  /** The number in this session, from 1. */
  readonly index: number
  /** Octets, as the server counts them. */
  readonly size: number
  /** The same in every session; null when the server has no UIDL. */
  readonly uid: string | null
  readonly #source: MessageSource

  constructor(source: MessageSource, index: number, size: number, uid: string | null) {
    this.#source = source
    this.index = index
    this.size = size
    this.uid = uid
  }

  /** All of it; ELIMIT beyond `limits.messageSize`. */
  bytes(): Promise<Uint8Array> {
    return this.#source.retr(this.index)
  }

  /** As it comes, whatever its size. */
  stream(): Promise<MessageStream> {
    return this.#source.retrStream(this.index)
  }

  /** The header and the empty line behind it. */
  header(): Promise<Uint8Array> {
    return this.#source.top(this.index, 0)
  }

  /** Marks it; `quit` removes it. */
  delete(): Promise<void> {
    return this.#source.dele(this.index)
  }
}

export async function* messagesOf(source: MessageSource): AsyncGenerator<Pop3Message, void, undefined> {
  const names = source.uidl().catch(error => {
    if (source.state === 'closed') throw error
    // UIDL is optional (RFC 1939 §7)
    return []
  })
  const [entries, named] = await Promise.all([source.list(), names])
  const uids = new Map(named.map(({ index, uid }) => [index, uid]))
  for (const { index, size } of entries) yield new Pop3Message(source, index, size, uids.get(index) ?? null)
}

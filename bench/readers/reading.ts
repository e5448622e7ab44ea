// What readers do with what they read: the same for all of them.

interface Enveloped {
  readonly envelope?:
    | {
        readonly date?: Date | string | null | undefined
        readonly subject?: string | null | undefined
        readonly from?: readonly unknown[] | undefined
        readonly to?: readonly unknown[] | undefined
        readonly messageId?: string | null | undefined
      }
    | undefined
}

/** Looks at the envelope of each, and counts them. */
export async function readEnvelopes(messages: AsyncIterable<Enveloped>): Promise<number> {
  let count = 0
  let seen = 0
  for await (const { envelope } of messages) {
    const { date, subject, from, to, messageId } = envelope!
    seen += Number(date) + subject!.length + from!.length + to!.length + messageId!.length
    count++
  }
  if (!(seen > 0)) throw new Error('the envelopes are empty')
  return count
}

/** Counts them and their octets. */
export async function readBodies<T>(
  messages: AsyncIterable<T>,
  bodyOf: (message: T) => Uint8Array | null | undefined,
): Promise<number> {
  let count = 0
  let octets = 0
  for await (const message of messages) {
    octets += bodyOf(message)!.length
    count++
  }
  if (octets < 10_000 * count) throw new Error(`${octets} octets are too few`)
  return count
}

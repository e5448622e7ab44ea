// What every sender of the bench sends in a round.
export const CONNECTIONS = 20
export const MESSAGES = 3000
export const SENDER = 'alice@a.example'
export const RECIPIENT = 'bob@example.test'

/** A message of about 2 KB. */
export const LETTER: Buffer = letter(2048)

function letter(size: number): Buffer {
  const header =
    'From: Alice <alice@a.example>\r\nTo: Bob <bob@example.test>\r\nSubject: A message of some length\r\n' +
    'Date: Thu, 19 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@a.example>\r\nMIME-Version: 1.0\r\n' +
    'Content-Type: text/plain; charset=utf-8\r\n\r\n.a line that begins with a dot\r\n'
  const line = 'The quick brown fox jumps over the lazy dog, and then it does so once more.\r\n'
  return Buffer.from(header + line.repeat(Math.ceil((size - header.length) / line.length)))
}

/** Has every one of `workers` send its share of a round, one message after another. */
export async function share<W>(
  workers: readonly W[],
  send: (worker: W) => Promise<unknown>,
): Promise<number> {
  let left = MESSAGES
  await Promise.all(
    workers.map(async worker => {
      while (left-- > 0) await send(worker)
    }),
  )
  return MESSAGES
}

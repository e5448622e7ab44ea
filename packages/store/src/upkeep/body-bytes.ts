// A body as one piece.
import type { MessageBody } from 'email-server/mailbox'

export async function bytesOf(body: MessageBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  if (body.stream instanceof Uint8Array) return body.stream
  const pieces: Uint8Array[] = []
  for await (const piece of body.stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

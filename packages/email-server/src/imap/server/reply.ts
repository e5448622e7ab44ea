// From what went wrong to what the client hears (RFC 3501 §7.1, RFC 5530). Texts of handlers' failures stay here.
import { PeerSyntaxError, Refusal } from '../../base/errors.ts'
import type { Reply } from '../extension.ts'

/** The reply to an error, and whether the error is ours. */
export function replyTo(error: unknown): { readonly reply: Reply; readonly ours: boolean } {
  if (error instanceof PeerSyntaxError) {
    return {
      reply: {
        status: 'BAD',
        code: error.code ?? undefined,
        text: `${sentence(error.message)}${place(error.position)}`,
      },
      ours: false,
    }
  }
  if (error instanceof Refusal) {
    return { reply: { status: 'NO', code: error.code, text: error.message || 'Refused' }, ours: false }
  }
  return { reply: { status: 'NO', code: 'SERVERBUG', text: 'Something went wrong here' }, ours: true }
}

/** `* BYE`: the connection closes behind it. */
export interface Farewell {
  readonly status: 'BYE'
  readonly code?: string | undefined
  readonly text: string
}

/** `tag OK [code] text`, whatever the text holds: resp-text is one line of US-ASCII (RFC 3501 §9 TEXT-CHAR). */
export function statusLine(tag: string, { status, code, text }: Reply | Farewell): string {
  const words = text.replace(/[^ -~]+/g, '?').trim() || 'Done'
  return `${tag} ${status} ${code ? `[${code}] ` : ''}${words}\r\n`
}

function place(position: number): string {
  return position < 0 ? '' : ` (at ${position})`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

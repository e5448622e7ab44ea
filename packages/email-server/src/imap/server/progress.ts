// How far a command has come, for a client that waits for it (RFC 9585 §4).
import { statusLine } from './reply.ts'

/** Between two notifications, ms (RFC 9585 §4: every 10 to 15 seconds). */
export const PROGRESS_EVERY = 12_000

export interface Progress {
  readonly done: number
  readonly total: number
}

// resp-text-code =/ "INPROGRESS" [ SP "(" inprogress-tag SP inprogress-state ")" ]
// inprogress-tag = quoted / nil        inprogress-state = nil SP nil / number SP nil / number SP nz-number
export function progressCode(tag: string, progress: Progress | null): string {
  const known = progress && progress.total > progress.done ? progress : null
  // a "]" would end the code
  const command = tag.includes(']') ? 'NIL' : `"${tag.replace(/["\\]/g, '\\$&')}"`
  return `INPROGRESS (${command} ${known?.done ?? 'NIL'} ${known?.total ?? 'NIL'})`
}

export function progressLine(tag: string, progress: Progress | null): string {
  return statusLine('*', { status: 'OK', code: progressCode(tag, progress), text: 'Still working on this' })
}

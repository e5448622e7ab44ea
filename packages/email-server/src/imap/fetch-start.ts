// How a response about a message begins: with its sequence number, or with its UID when nothing else is spoken of (RFC 9586 §3.3).
import type { Dialect } from './dialect.ts'
import type { SequenceView } from './view.ts'

// message-data = nz-number SP "FETCH" SP msg-att        uidfetch-resp = uniqueid SP "UIDFETCH" SP msg-att
export function fetchStart(dialect: Dialect, view: SequenceView, uid: number): string {
  return dialect.uidOnly ? `* ${uid} UIDFETCH (` : `* ${view.sequenceOf(uid)} FETCH (`
}

/** The same with the UID as the first item, where nobody has asked for one and the number alone says too little. */
export function fetchStartWithUid(dialect: Dialect, view: SequenceView, uid: number): string {
  const start = fetchStart(dialect, view, uid)
  return dialect.uidOnly ? start : `${start}UID ${uid} `
}

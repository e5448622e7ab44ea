// Raw deflate in both directions of a connection (RFC 1951, RFC 4978), with its own guard against bombs.

import { MailError } from '../base/errors.ts'
import type { DeflateStream, DeflateStreamEvents } from '../base/runtime.ts'
import { builtin } from './builtin.ts'

/** Beyond so many octets the peer must not have sent what grows more than so many times. */
const TRUSTED_OCTETS = 1024 * 1024
const MOST_GROWTH = 200

export function deflateStream(events: DeflateStreamEvents): DeflateStream {
  const zlib = builtin('node:zlib')
  // a smaller table costs little and saves 112 KiB a connection
  const deflater = zlib.createDeflateRaw({ flush: zlib.constants.Z_SYNC_FLUSH, memLevel: 5 })
  const inflater = zlib.createInflateRaw()
  let received = 0
  let inflated = 0
  let over = false
  const fail = (error: Error): void => {
    if (over) return
    close()
    events.failed(error)
  }
  const close = (): void => {
    over = true
    deflater.destroy()
    inflater.destroy()
  }
  deflater.on('error', fail)
  inflater.on('error', fail)
  deflater.on('data', (bytes: Uint8Array) => {
    if (!over && !events.compressed(bytes)) deflater.pause()
  })
  deflater.on('drain', () => {
    if (!over) events.drained()
  })
  inflater.on('data', (bytes: Uint8Array) => {
    if (over) return
    inflated += bytes.length
    if (inflated > TRUSTED_OCTETS && inflated > MOST_GROWTH * received) {
      fail(new MailError('ELIMIT', `the peer sent what inflates to more than ${MOST_GROWTH} times its size`))
    } else events.inflated(bytes)
  })
  // the peer has ended its stream in an orderly way; the connection's end follows
  inflater.on('end', () => {})
  return {
    compress: bytes => over || deflater.write(bytes),
    transportDrained() {
      if (!over) deflater.resume()
    },
    inflate(bytes) {
      if (over) return
      received += bytes.length
      inflater.write(bytes)
    },
    pause: () => void inflater.pause(),
    resume: () => void inflater.resume(),
    finish(then) {
      if (over) then()
      else {
        deflater.once('end', then)
        deflater.end()
        deflater.resume()
      }
    },
    close,
  }
}

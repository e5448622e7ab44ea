// Spool files: temporary files that have no name from the moment they are open, so that not even kill -9 leaves one.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { randomBytes } from '../base/crypto.ts'
import type { SpoolFile } from '../base/runtime.ts'

const PIECE = 64 * 1024

export async function openSpoolFile(directory: string = os.tmpdir()): Promise<SpoolFile> {
  const name = path.join(directory, `mail-${randomBytes(12).toString('hex')}.spool`)
  const handle = await fs.promises.open(name, 'wx+', 0o600)
  // Windows refuses to unlink an open file; there it goes when it is discarded
  const nameless = await fs.promises.unlink(name).then(
    () => true,
    () => false,
  )
  let size = 0
  let discarded = false
  return {
    async append(chunk) {
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, size)
        done += bytesWritten
        size += bytesWritten
      }
    },
    readAll() {
      const bytes = Buffer.allocUnsafe(size)
      for (let done = 0; done < size; ) {
        const count = fs.readSync(handle.fd, bytes, done, size - done, done)
        if (count === 0) throw new Error('the spool file ended early')
        done += count
      }
      return bytes
    },
    async *stream() {
      for (let done = 0; done < size; ) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE, size - done))
        const { bytesRead } = await handle.read(piece, 0, piece.length, done)
        if (bytesRead === 0) throw new Error('the spool file ended early')
        done += bytesRead
        yield piece.subarray(0, bytesRead)
      }
    },
    discard() {
      if (discarded) return
      discarded = true
      // nothing depends on how the closing of a nameless file ends
      handle.close().catch(() => {})
      if (!nameless) fs.promises.unlink(name).catch(() => {})
    },
  }
}

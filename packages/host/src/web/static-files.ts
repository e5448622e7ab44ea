// The page's own files, read once. What is asked for is looked up by its whole name: no path is ever made of it.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PAGE_CSP, send } from './answers.ts'

const TYPES: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['svg', 'image/svg+xml'],
])

interface StaticFile {
  readonly type: string
  readonly bytes: Buffer
  readonly etag: string
}

export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files
  }

  static async read(folder: URL): Promise<StaticFiles> {
    const names = (await readdir(folder)).filter(name => TYPES.has(typeOf(name)))
    const files = await Promise.all(
      names.map(async (name): Promise<[string, StaticFile]> => {
        const bytes = await readFile(new URL(name, folder))
        const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
        return [`/${name}`, { type: TYPES.get(typeOf(name))!, bytes, etag }]
      }),
    )
    return new StaticFiles(new Map(files))
  }

  /** False when there is no such file. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(path === '/' ? '/index.html' : path)
    if (!file) return false
    response.setHeader('Content-Security-Policy', PAGE_CSP)
    response.setHeader('Cache-Control', 'no-cache')
    response.setHeader('ETag', file.etag)
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304)
      response.end()
    } else send(response, 200, file.type, file.bytes)
    return true
  }
}

function typeOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

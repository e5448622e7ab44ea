// Paths of the API: `/api/accounts/:account/folders`. Each piece between slashes is decoded by itself, so that a name may have a slash in it.
import { HttpError } from './answers.ts'

export interface Route<H> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly pieces: readonly string[]
  readonly handler: H
}

export interface FoundRoute<H> {
  readonly handler: H
  /** By the names behind the colons. */
  readonly values: ReadonlyMap<string, string>
}

export function route<H>(method: Route<H>['method'], path: string, handler: H): Route<H> {
  return { method, pieces: path.slice(1).split('/'), handler }
}

/** Throws HttpError: 404 for a path that nobody answers, 405 for a method, 400 for a path that cannot be decoded. */
export function findRoute<H>(routes: readonly Route<H>[], method: string, path: string): FoundRoute<H> {
  const asked = method === 'HEAD' ? 'GET' : method
  const given = path.slice(1).split('/').map(decoded)
  const fitting = routes.filter(({ pieces }) => fits(pieces, given))
  const found = fitting.find(each => each.method === asked)
  if (!found) {
    if (fitting.length === 0) throw new HttpError(404, 'there is nothing of that name')
    throw new HttpError(405, 'that cannot be done here', {
      Allow: fitting.map(each => each.method).join(', '),
    })
  }
  const values = found.pieces.flatMap((piece, i): [string, string][] =>
    piece.startsWith(':') ? [[piece.slice(1), given[i]!]] : [],
  )
  return { handler: found.handler, values: new Map(values) }
}

function fits(pieces: readonly string[], given: readonly string[]): boolean {
  return (
    pieces.length === given.length &&
    pieces.every((piece, i) => (piece.startsWith(':') ? given[i] !== '' : piece === given[i]))
  )
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece)
  } catch {
    throw new HttpError(400, 'the path is not percent-encoded as it should be')
  }
}

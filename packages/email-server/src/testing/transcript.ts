// Transcripts: dialogues in plain text, as the RFCs print them, that are replayed against a session. This file reads the
// format; docs/testing-transcripts.md describes it.

/** A piece of a line: bytes as they stand, something to be filled in, or something that may be anything. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: string }
  /** Anything within one line. */
  | { readonly kind: 'any' }
  /** Any number of whole lines, none included. */
  | { readonly kind: 'lines' }
  | { readonly kind: 'variable'; readonly name: string; readonly of: 'text' | 'number' | 'word' }
  | { readonly kind: 'block' | 'size' | 'stuffed'; readonly name: string }

export type Step =
  /** Bytes that go to the session, or that it must send; `unordered` ones may come in any order among themselves. */
  | {
      readonly kind: 'say'
      readonly by: 'C' | 'S'
      readonly connection: number
      readonly pieces: readonly Piece[]
      readonly unordered: boolean
      readonly line: number
    }
  | {
      readonly kind: 'opens' | 'closes' | 'resets'
      readonly by: 'C' | 'S'
      readonly connection: number
      readonly line: number
    }
  | {
      readonly kind: 'upgrade'
      readonly to: 'tls' | 'deflate'
      readonly connection: number
      readonly line: number
    }
  | { readonly kind: 'advance'; readonly ms: number; readonly line: number }
  | { readonly kind: 'do'; readonly action: string; readonly args: readonly string[]; readonly line: number }

export interface Transcript {
  /** For messages; the file's name. */
  readonly name: string
  /** First comment line, or the name. */
  readonly title: string
  /** Which side the session under test plays. Default `server`. */
  readonly role: 'server' | 'client'
  /** Capabilities without which the transcript makes no sense. */
  readonly needs: readonly string[]
  /** What the test's set-up is asked for; a word without `=` has the value `true`. */
  readonly options: ReadonlyMap<string, string>
  readonly blocks: ReadonlyMap<string, string>
  readonly steps: readonly Step[]
}

/** A transcript that cannot be read. */
export class TranscriptSyntaxError extends Error {
  override readonly name = 'TranscriptSyntaxError'
}

const SAY = /^([CS])([0-9]*)([-~]{0,2}):(?: (.*))?$/
const CLOSE = /^([CS])([0-9]*) (opens|closes|resets)$/
const UPGRADE = /^(TLS|DEFLATE)([0-9]*)$/
const ADVANCE = /^advance ([0-9]+)(ms|s|min|h|d)$/
const DO = /^do ([A-Za-z][A-Za-z0-9-]*)(?: (.*))?$/
const BLOCK = /^block ([A-Za-z][A-Za-z0-9-]*)$/
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads a transcript; `text` is the file, lines end in LF or CRLF. */
export function parseTranscript(text: string, name = 'transcript'): Transcript {
  const lines = text.split(/\r?\n/)
  const steps: Step[] = []
  const blocks = new Map<string, string>()
  const options = new Map<string, string>()
  const needs: string[] = []
  let role: 'server' | 'client' = 'server'
  let title: string | null = null

  const fail = (index: number, what: string): never => {
    throw new TranscriptSyntaxError(`${name}:${index + 1}: ${what}`)
  }

  for (let i = 0; i < lines.length; i++) {
    const raw = lines[i]!
    const line = i + 1
    if (raw.startsWith('#')) {
      title ??= raw.slice(1).trim()
      continue
    }
    if (raw.trim() === '') continue

    const said = SAY.exec(raw)
    if (said) {
      const marks = said[3]!
      const pieces = readPieces(said[4] ?? '', what => fail(i, what))
      if (!marks.includes('-') && !pieces.some(piece => piece.kind === 'lines')) pieces.push(bytes('\r\n'))
      const by = said[1] as 'C' | 'S'
      const connection = said[2] === '' ? 1 : Number(said[2])
      // <<lines>> means "up to the line that comes next", so the two are one expectation
      const last = steps.at(-1)
      if (last?.kind === 'say' && last.pieces.at(-1)?.kind === 'lines') {
        if (last.by !== by || last.connection !== connection) fail(i, '<<lines>> needs a line behind it')
        pieces.unshift(...last.pieces)
        steps.pop()
      }
      steps.push({ kind: 'say', by, connection, pieces, unordered: marks.includes('~'), line })
      continue
    }
    const trimmed = raw.trim()
    const closing = CLOSE.exec(trimmed)
    if (closing) {
      steps.push({
        kind: closing[3] as 'opens' | 'closes' | 'resets',
        by: closing[1] as 'C' | 'S',
        connection: closing[2] === '' ? 1 : Number(closing[2]),
        line,
      })
      continue
    }
    const upgrade = UPGRADE.exec(trimmed)
    if (upgrade) {
      const to = upgrade[1] === 'TLS' ? 'tls' : 'deflate'
      steps.push({ kind: 'upgrade', to, connection: upgrade[2] === '' ? 1 : Number(upgrade[2]), line })
      continue
    }
    const advance = ADVANCE.exec(trimmed)
    if (advance) {
      steps.push({ kind: 'advance', ms: Number(advance[1]) * UNITS[advance[2]!]!, line })
      continue
    }
    const action = DO.exec(trimmed)
    if (action) {
      steps.push({ kind: 'do', action: action[1]!, args: (action[2] ?? '').split(' ').filter(Boolean), line })
      continue
    }
    const block = BLOCK.exec(trimmed)
    if (block) {
      let content = ''
      for (i++; lines[i] !== 'end'; i++) {
        const inner = lines[i]
        if (inner === undefined) fail(i, `block ${block[1]} has no end`)
        else if (inner !== '|' && !inner.startsWith('| ')) fail(i, 'a line of a block begins with "| "')
        else {
          const failHere = (what: string): never => fail(i, what)
          content += `${toBytes(readPieces(inner.slice(2), failHere), failHere)}\r\n`
        }
      }
      blocks.set(block[1]!, content)
      continue
    }
    const colon = trimmed.indexOf(':')
    const key = colon < 0 ? '' : trimmed.slice(0, colon)
    const values = trimmed
      .slice(colon + 1)
      .split(',')
      .map(value => value.trim())
      .filter(value => value !== '')
    if (key === 'needs') needs.push(...values)
    else if (key === 'role' && (values[0] === 'server' || values[0] === 'client')) role = values[0]
    else if (key === 'options') {
      for (const value of values) {
        const equals = value.indexOf('=')
        if (equals < 0) options.set(value, 'true')
        else options.set(value.slice(0, equals).trim(), value.slice(equals + 1).trim())
      }
    } else fail(i, `what is this? ${JSON.stringify(raw)}`)
  }
  return { name, title: title ?? name, role, needs, options, blocks, steps }
}

/** Text of a line to pieces: what stands in `<<…>>` means something, the rest is UTF-8. Strings of bytes are latin1. */
function readPieces(text: string, fail: (what: string) => never): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (;;) {
    const open = text.indexOf('<<', at)
    if (open < 0) break
    const close = text.indexOf('>>', open)
    if (close < 0) return fail('<< without >>')
    if (open > at) pieces.push(bytes(utf8ToBytes(text.slice(at, open))))
    pieces.push(readMark(text.slice(open + 2, close), fail))
    at = close + 2
  }
  if (at < text.length) pieces.push(bytes(utf8ToBytes(text.slice(at))))
  return pieces
}

function readMark(mark: string, fail: (what: string) => never): Piece {
  if (mark === '*') return { kind: 'any' }
  if (mark === 'lines') return { kind: 'lines' }
  const hex = /^0x((?:[0-9a-fA-F]{2})+)$/.exec(mark)
  if (hex) return bytes(Buffer.from(hex[1]!, 'hex').toString('latin1'))
  const base64 = /^base64 (.*)$/.exec(mark)
  if (base64) return bytes(Buffer.from(unescaped(base64[1]!), 'latin1').toString('base64'))
  const repeated = /^(.+)\*([0-9]+)$/.exec(mark)
  if (repeated) return bytes(unescaped(repeated[1]!).repeat(Number(repeated[2])))
  const block = /^(block|size|stuffed) ([A-Za-z][A-Za-z0-9-]*)$/.exec(mark)
  if (block) return { kind: block[1] as 'block' | 'size' | 'stuffed', name: block[2]! }
  const variable = /^([A-Za-z][A-Za-z0-9-]*)(?::(number|word))?$/.exec(mark)
  if (variable) {
    return { kind: 'variable', name: variable[1]!, of: (variable[2] ?? 'text') as 'text' | 'number' | 'word' }
  }
  return fail(`<<${mark}>> means nothing`)
}

function bytes(text: string): Piece {
  return { kind: 'bytes', bytes: text }
}

function utf8ToBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** `\r`, `\n`, `\0`, `\x1f` inside <<base64 …>> and <<…*n>>, where no nested mark can stand. */
function unescaped(text: string): string {
  const named: Readonly<Record<string, string>> = { r: '\r', n: '\n', '0': '\0' }
  return utf8ToBytes(text).replace(/\\(?:([rn0])|x([0-9a-fA-F]{2}))/g, (_all, letter, hex) =>
    letter === undefined ? String.fromCharCode(Number.parseInt(hex as string, 16)) : named[letter as string]!,
  )
}

/** Pieces of a block are bytes and nothing else. */
function toBytes(pieces: readonly Piece[], fail: (what: string) => never): string {
  return pieces
    .map(piece => (piece.kind === 'bytes' ? piece.bytes : fail('only bytes can stand in a block')))
    .join('')
}

// BINARY (RFC 3516, and RFC 9051 §6.4.5): parts without their transfer encoding, and APPEND of a literal8.
import { PeerSyntaxError, Refusal } from '../../base/errors.ts'
import { resolveBinary, type SectionPartial } from '../../mime/index.ts'
import type { Extension, FetchItem } from '../extension.ts'
import { type FetchedMessage, NEEDS_BYTES } from '../fetched.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { readPartial, readPath } from '../grammar/section.ts'

const RFC = '3516 §4.2'

interface BinaryPart {
  readonly path: readonly number[]
  readonly partial: SectionPartial | null
}

// section-binary = "[" [section-part] "]"              fetch-att =/ "BINARY" [".PEEK"] section-binary [partial]
const binaryPart: Grammar<BinaryPart> = {
  read(r) {
    const path = readPath(r)
    return { path, partial: readPartial(r.expect(']')) }
  },
  write(w, { path, partial }) {
    w.raw(`${path.join('.')}]${partial ? `<${partial.start}.${partial.length}>` : ''}`)
  },
  samples: [
    { path: [], partial: null },
    { path: [1, 2], partial: { start: 0, length: 100 } },
  ],
}

// fetch-att =/ "BINARY.SIZE" section-binary
const sizePart: Grammar<readonly number[]> = {
  read(r) {
    const path = readPath(r)
    r.expect(']')
    return path
  },
  write: (w, path) => w.raw(`${path.join('.')}]`),
  samples: [[], [2, 1]],
}

/** Null: there is no such part. */
function contentOf(message: FetchedMessage, path: readonly number[]): Uint8Array | null {
  const found = resolveBinary(message.bytes, message.tree, path)
  switch (found.kind) {
    case 'content':
      return found.content
    case 'no-such-part':
      return null
    case 'not-a-leaf':
      throw new PeerSyntaxError('only parts without parts have BINARY')
    case 'unknown-encoding':
      throw new Refusal('UNKNOWN-CTE', 'That transfer encoding is not known here')
  }
}

const binaryItem: FetchItem<BinaryPart> = {
  name: 'BINARY[',
  rfc: RFC,
  args: binaryPart,
  needs: () => NEEDS_BYTES,
  setsSeen: true,
  write(w, message, { path, partial }) {
    w.raw(`BINARY[${path.join('.')}]${partial ? `<${partial.start}>` : ''} `)
    const content = contentOf(message, path)
    if (content === null) w.raw('NIL')
    else w.literal8(partial ? content.subarray(partial.start, partial.start + partial.length) : content)
  },
}

const sizeItem: FetchItem<readonly number[]> = {
  name: 'BINARY.SIZE[',
  rfc: RFC,
  args: sizePart,
  needs: () => NEEDS_BYTES,
  write(w, message, path) {
    w.raw(`BINARY.SIZE[${path.join('.')}] ${contentOf(message, path)?.length ?? 0}`)
  },
}

export const binary: Extension = {
  name: 'BINARY',
  rfc: '3516',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['BINARY']),
  fetchItems: [
    binaryItem,
    { ...binaryItem, name: 'BINARY.PEEK[', setsSeen: false },
    sizeItem,
  ] as readonly FetchItem[],
}

// PREVIEW (RFC 8970): the beginning of a message's text. A backend may keep it; else it is made from the message.
import { previewOf } from '../../mime/index.ts'
import type { Extension, FetchItem } from '../extension.ts'
import { NEEDS_META, NEEDS_MORE_META, NEEDS_PREVIEW } from '../fetched.ts'
import type { Grammar } from '../grammar/grammar.ts'

/** RFC 8970 §3.3: more must not be told. */
const MOST_CHARACTERS = 256

// fetch-att =/ "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]        preview-mod = "LAZY"
const lazy: Grammar<boolean> = {
  read(r) {
    // a FETCH modifier may follow a single item in the same way
    if (!r.follows(' (LAZY')) return false
    r.sp().open()
    do if (r.name() !== 'LAZY') r.fail('LAZY')
    while (r.try(' '))
    r.close()
    return true
  },
  write: (w, value) => void (value && w.raw(' (LAZY)')),
  samples: [true, false],
}

const item: FetchItem<boolean> = {
  name: 'PREVIEW',
  rfc: '8970 §3',
  args: lazy,
  needs: isLazy => NEEDS_META | NEEDS_MORE_META | (isLazy ? 0 : NEEDS_PREVIEW),
  write(w, message, isLazy) {
    const kept = message.meta!.preview
    w.raw('PREVIEW ')
    if (kept !== undefined) w.string(kept === null ? '' : shortened(kept))
    else if (isLazy) w.raw('NIL')
    else w.string(previewOf(message.bytes, message.tree))
  },
}

function shortened(text: string): string {
  const characters = [...text.slice(0, 2 * MOST_CHARACTERS)]
  return characters.length <= MOST_CHARACTERS && text.length <= 2 * MOST_CHARACTERS
    ? text
    : characters.slice(0, MOST_CHARACTERS).join('')
}

export const preview: Extension = {
  name: 'PREVIEW',
  rfc: '8970',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['PREVIEW']),
  fetchItems: [item as FetchItem],
}

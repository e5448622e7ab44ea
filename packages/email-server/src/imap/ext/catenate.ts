// CATENATE (RFC 4469): APPEND of a message that is put together from text and from parts of messages that are here already.
import { Refusal } from '../../base/errors.ts'
import { collect, type MessageRef, openBody, resolve } from '../../mailbox/index.ts'
import { resolveSection, scanMessage } from '../../mime/index.ts'
import { sourceLimits } from '../commands/messages.ts'
import type { CommandContext } from '../context.ts'
import type { AppendItem, Extension, Reply } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { type MessageUrl, readMessageUrl } from '../grammar/message-url.ts'
import { lookInto } from '../look-into.ts'
import { utf8Message } from './utf8-accept.ts'

type Piece = { readonly text: Uint8Array } | { readonly url: string }

// append-data =/ "CATENATE" SP "(" cat-part *(SP cat-part) ")"        cat-part = text-literal / url
// text-literal = "TEXT" SP literal        url = "URL" SP astring
const pieces: Grammar<readonly Piece[]> = {
  read(r, words) {
    const out: Piece[] = []
    r.open()
    do {
      const kind = r.name()
      if (kind === 'TEXT') out.push({ text: r.sp().literal().bytes })
      // cat-part =/ "UTF8" SP "(" literal8 ")"                                              RFC 6855 §4
      else if (kind === 'UTF8') out.push({ text: utf8Message.read(r.sp(), words).bytes })
      else if (kind === 'URL') out.push({ url: r.sp().astring() })
      else r.fail('TEXT or URL')
      if (out.length > r.limits.imapLiterals) r.fail('fewer parts')
    } while (r.try(' '))
    r.close()
    return out
  },
  write(w, all) {
    w.list(all, piece =>
      'text' in piece ? w.raw('TEXT ').literal(piece.text) : w.raw('URL ').astring(piece.url),
    )
  },
  samples: [
    [{ url: '/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER' }, { text: Buffer.from('\r\n--b\r\n') }],
  ],
}

const item: AppendItem<readonly Piece[]> = {
  name: 'CATENATE',
  rfc: '4469 §3',
  args: pieces,
  async gather(cx, all) {
    const out: Uint8Array[] = []
    let size = 0
    for (const piece of all) {
      const bytes = 'text' in piece ? piece.text : await pieceAt(cx, piece.url)
      if (!bytes) return badUrl('url' in piece ? piece.url : '')
      size += bytes.length
      if (size > cx.limits.messageSize) throw new Refusal('TOOBIG', 'The message is too large')
      out.push(bytes)
    }
    return Buffer.concat(out)
  },
}

async function pieceAt(cx: CommandContext, url: string): Promise<Uint8Array | null> {
  const wanted = readMessageUrl(url)
  const folder = wanted?.folder ?? (cx.state.kind === 'selected' ? cx.folder.name : null)
  return wanted && folder !== null ? find(cx, folder, wanted) : null
}

function badUrl(url: string): Reply {
  return { status: 'NO', code: `BADURL ${printable(url)}`, text: 'There is nothing at that URL' }
}

/** Null: there is no such folder, message or part. */
async function find(cx: CommandContext, folder: string, url: MessageUrl): Promise<Uint8Array | null> {
  try {
    return await lookInto(cx, folder, async opened => {
      if (url.uidValidity !== null && url.uidValidity !== opened.uidValidity) return null
      const refs: MessageRef[] = []
      await resolve(cx.mailbox, [[url.uid, url.uid]], (uid, id) => refs.push({ id, uid }))
      if (!refs[0]) return null
      const bytes = await collect(await openBody(cx.mailbox, refs[0].id), sourceLimits(cx))
      return url.section
        ? resolveSection(bytes, scanMessage(bytes), url.section, url.partial ?? undefined)
        : bytes
    })
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

// url-resp-text = 1*(%x01-09 / %x0B-0C / %x0E-5B / %x5D-FE)        ; any TEXT-CHAR except "]"
function printable(url: string): string {
  return url.slice(0, 500).replace(/[^\x20-\x5c\x5e-\x7e]/g, '?') || '?'
}

export const catenate: Extension = {
  name: 'CATENATE',
  rfc: '4469',
  gate: { kind: 'handlers', names: ['append', 'messageBody'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['CATENATE']),
  appendItems: [item as AppendItem],
}

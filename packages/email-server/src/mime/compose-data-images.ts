// `attachDataUrls`: the data: images (RFC 2397) of an HTML text become parts of their own, referred to by cid: (RFC 2392),
// because mail readers do not show data: images. One pass over the text; equal images become one part.
import type { AttachmentOptions } from './compose-options.ts'
import { extensionOf } from './media-types.ts'

export interface ExtractedImages {
  readonly html: string
  readonly attachments: readonly AttachmentOptions[]
}

/** `newCid` gives a Content-ID for the n-th image, counted from 1. */
export function extractDataImages(html: string, newCid: (n: number) => string): ExtractedImages {
  const cids = new Map<string, string>()
  const attachments: AttachmentOptions[] = []
  let out = ''
  let copied = 0
  for (const { start, end } of dataImageSources(html)) {
    const uri = html.slice(start, end)
    let cid = cids.get(uri)
    if (cid === undefined) {
      cid = newCid(cids.size + 1)
      cids.set(uri, cid)
      const type = /^data:([\w.+-]{1,127}\/[\w.+-]{1,127})/i.exec(uri)?.[1] ?? 'image/png'
      attachments.push({
        path: uri,
        cid,
        filename: `image-${cids.size}.${extensionOf(type)}`,
        contentDisposition: 'inline',
      })
    }
    out += `${html.slice(copied, start)}cid:${cid}`
    copied = end
  }
  return { html: copied === 0 ? html : out + html.slice(copied), attachments }
}

/** Where the data: URIs stand that are the `src` of an `img`. */
function* dataImageSources(html: string): Generator<{ start: number; end: number }> {
  const tag = /<img(?=[\s/])/gi
  const attribute = /[\s/]*(?:([^\s/>=]+)(\s*=\s*)?|(>))/y
  while (tag.exec(html)) {
    // Attributes one by one: name, then `=` and a value in quotes or without; no character is looked at again.
    let at = tag.lastIndex
    for (;;) {
      attribute.lastIndex = at
      const found = attribute.exec(html)
      if (!found) break
      at = attribute.lastIndex
      if (found[3] !== undefined) break
      if (found[2] === undefined) continue
      const value = valueAt(html, at)
      at = value.next
      if (found[1]!.toLowerCase() !== 'src' || !value.closed) continue
      const isData = /^data:image\//i.test(html.slice(value.start, value.start + 11))
      if (isData && html.slice(value.start, value.end).includes(',')) yield value
    }
    tag.lastIndex = at
  }
}

function valueAt(html: string, at: number): { start: number; end: number; next: number; closed: boolean } {
  const quote = html[at]
  if (quote === '"' || quote === "'") {
    const close = html.indexOf(quote, at + 1)
    if (close < 0) return { start: at + 1, end: html.length, next: html.length, closed: false }
    return { start: at + 1, end: close, next: close + 1, closed: true }
  }
  const space = /[\s>]/g
  space.lastIndex = at
  const end = space.exec(html)?.index ?? html.length
  return { start: at, end, next: end, closed: end < html.length }
}

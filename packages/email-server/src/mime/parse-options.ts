// What parseMessage is told.
import type { CharsetHook } from '../text/index.ts'
import type { MimeLimits } from './limits.ts'

export interface ParseOptions extends Partial<MimeLimits> {
  /** Asked for charsets that are not known here. */
  readonly decodeCharset?: CharsetHook
  /** Leave `cid:` links in the HTML; by default links to images of the message become `data:` URLs. */
  readonly keepCidLinks?: boolean
  /** Characters of `data:` URLs that may be put into the HTML; default 20 MiB. Links past it are left as they are. */
  readonly maxInlinedImagesSize?: number
  /** Make no text of HTML when there is no other text; default false. */
  readonly skipHtmlToText?: boolean
  /** Leave `textAsHtml` empty, and plain text out of `html`; default false. */
  readonly skipTextToHtml?: boolean
  /** Hash of `checksum` as Node's crypto names it; default `md5`. False: no checksums. */
  readonly checksumAlgo?: string | false
  /** Show messages in the message unless their disposition is `attachment`; default only those that are `inline`. */
  readonly defaultInlineEmbedded?: boolean
}

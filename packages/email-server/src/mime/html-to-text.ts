// HTML as plain text, for messages that have nothing else, for previews and for searching. One pass over the tags,
// whatever they are: no tree is built, nothing recurses, and broken markup costs no more than good markup.
import { decodeReferences } from './html-references.ts'
import { afterElement, attribute, isLetter, isNameChar, tagEnd } from './html-tags.ts'

export interface HtmlToTextOptions {
  /** Whether links are followed by their targets in brackets; default true. */
  readonly links?: boolean
  /** Stop when so many characters of text have been made; default no limit. */
  readonly maxLength?: number
}

/** Elements that begin and end a line, with the blank lines around them: 1 none, 2 one. */
const BLOCKS: ReadonlyMap<string, number> = new Map([
  ...[
    'address',
    'article',
    'aside',
    'center',
    'dd',
    'div',
    'dl',
    'dt',
    'fieldset',
    'figcaption',
    'figure',
  ].map(block),
  ...['footer', 'form', 'header', 'hgroup', 'li', 'main', 'nav', 'option', 'section', 'summary', 'tr'].map(
    block,
  ),
  ...['caption', 'details', 'legend', 'tbody', 'tfoot', 'thead', 'body', 'html'].map(block),
  ...['blockquote', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'ol', 'p', 'pre', 'table', 'ul'].map(paragraph),
])

/** Elements whose content is no text that anybody sees. */
const SILENT: ReadonlySet<string> = new Set([
  'audio',
  'canvas',
  'iframe',
  'noembed',
  'noframes',
  'object',
  'script',
  'select',
  'style',
  'svg',
  'template',
  'title',
  'video',
])

/** Lists and quotations inside one another that are shown as such; deeper ones look like these. */
const MAX_SHOWN_DEPTH = 10

function block(name: string): [string, number] {
  return [name, 1]
}

function paragraph(name: string): [string, number] {
  return [name, 2]
}

/** What follows a `<` that is not just text: a name, `/`, `!` or `?`. */
function beginsTag(next: number): boolean {
  return isLetter(next) || next === 0x2f || next === 0x21 || next === 0x3f
}

/** The text that a person would read; lines end with LF. */
export function htmlToText(html: string, options: HtmlToTextOptions = {}): string {
  const writer = new TextWriter(options.links !== false)
  const limit = options.maxLength ?? Number.POSITIVE_INFINITY
  let at = 0
  while (at < html.length && writer.length < limit) {
    let open = html.indexOf('<', at)
    while (open >= 0 && !beginsTag(html.charCodeAt(open + 1))) open = html.indexOf('<', open + 1)
    if (open < 0) {
      writer.text(html.slice(at))
      break
    }
    if (open > at) writer.text(html.slice(at, open))
    if (html.startsWith('<!--', open)) {
      const close = html.indexOf('-->', open + 4)
      at = close < 0 ? html.length : close + 3
      continue
    }
    const end = tagEnd(html, open)
    if (end < 0) break
    const closing = html.charCodeAt(open + 1) === 0x2f
    const nameStart = closing ? open + 2 : open + 1
    let nameEnd = nameStart
    while (nameEnd < end && isNameChar(html.charCodeAt(nameEnd))) nameEnd++
    const name = html.slice(nameStart, nameEnd).toLowerCase()
    at = end + 1
    if (closing) writer.close(name)
    else if (SILENT.has(name)) {
      if (html.charCodeAt(end - 1) !== 0x2f) at = afterElement(html, name, at)
    } else writer.open(name, html.slice(nameEnd, end))
  }
  return writer.result()
}

/** Writes text with HTML's rules of white space: runs are one space, none at the ends of lines. */
class TextWriter {
  readonly #links: boolean
  readonly #out: string[] = []
  length = 0
  /** Line breaks due before the next text: 0, 1, or 2 for a blank line. */
  #breaks = 0
  #space = false
  #lineEmpty = true
  #pre = 0
  /** Item numbers of the open lists; 0 for a list with bullets. */
  readonly #lists: number[] = []
  #quotes = 0
  #link: { target: string; from: number } | null = null

  constructor(links: boolean) {
    this.#links = links
  }

  text(raw: string): void {
    const text = decodeReferences(raw)
    if (this.#pre > 0) {
      const lines = withBlanks(text).replace(/\r\n?/g, '\n').split('\n')
      for (let i = 0; i < lines.length; i++) {
        if (i > 0) this.#newLine()
        if (lines[i] !== '') this.#put(lines[i]!)
      }
      return
    }
    const collapsed = text.replace(/[ \t\r\n\f]+/g, ' ')
    const begins = collapsed.startsWith(' ')
    const ends = collapsed.endsWith(' ')
    const words = collapsed.slice(begins ? 1 : 0, ends && collapsed.length > 1 ? -1 : undefined)
    if (begins) this.#space = true
    if (words === '') return
    this.#put(withBlanks(words))
    this.#space = ends
  }

  open(name: string, attributes: string): void {
    const breaks = BLOCKS.get(name)
    if (breaks !== undefined) {
      // A list in a list needs no blank line.
      this.#break((name === 'ul' || name === 'ol') && this.#lists.length > 0 ? 1 : breaks)
    }
    switch (name) {
      case 'br':
        this.#newLine()
        break
      case 'hr':
        this.#put('-'.repeat(40))
        this.#break(2)
        break
      case 'li':
        this.#item()
        break
      case 'ul':
      case 'ol':
        if (this.#lists.length < MAX_SHOWN_DEPTH) this.#lists.push(name === 'ol' ? 1 : 0)
        break
      case 'blockquote':
        if (this.#quotes < MAX_SHOWN_DEPTH) this.#quotes++
        break
      case 'pre':
        this.#pre++
        break
      case 'td':
      case 'th':
        this.#space = true
        break
      case 'img': {
        const alt = attribute(attributes, 'alt')
        if (alt !== null && alt.trim() !== '') this.text(alt)
        break
      }
      case 'a':
        this.#endLink()
        if (this.#links) {
          const target = attribute(attributes, 'href')?.trim() ?? ''
          if (/^(?:https?|ftp|mailto|tel):/i.test(target)) this.#link = { target, from: this.#out.length }
        }
        break
    }
  }

  close(name: string): void {
    const breaks = BLOCKS.get(name)
    if (name === 'a') this.#endLink()
    else if (name === 'ul' || name === 'ol') this.#lists.pop()
    else if (name === 'pre' && this.#pre > 0) this.#pre--
    if (breaks !== undefined) {
      const list = name === 'ul' || name === 'ol'
      this.#break(list && this.#lists.length > 0 ? 1 : breaks)
    }
    if (name === 'blockquote' && this.#quotes > 0) this.#quotes--
  }

  result(): string {
    this.#endLink()
    return this.#out.join('')
  }

  #item(): void {
    const depth = this.#lists.length
    const number = depth > 0 ? this.#lists[depth - 1]! : 0
    if (number > 0) this.#lists[depth - 1] = number + 1
    this.#put(`${'  '.repeat(Math.max(0, depth - 1))}${number > 0 ? `${number}.` : '*'}`)
    this.#space = true
  }

  #put(text: string): void {
    if (this.#breaks > 0 && this.#out.length > 0) {
      for (let i = 0; i < this.#breaks; i++)
        this.#push(i > 0 && this.#quotes > 0 ? `${this.#marks()}\n` : '\n')
      this.#lineEmpty = true
    }
    this.#breaks = 0
    if (this.#lineEmpty) {
      if (this.#quotes > 0) this.#push(`${this.#marks()} `)
    } else if (this.#space) this.#push(' ')
    this.#space = false
    this.#push(text)
    this.#lineEmpty = false
  }

  #push(text: string): void {
    this.#out.push(text)
    this.length += text.length
  }

  #marks(): string {
    return '>'.repeat(this.#quotes)
  }

  /** At least so many line breaks before the next text. */
  #break(count: number): void {
    if (count > this.#breaks) this.#breaks = count
    this.#space = false
  }

  /** One more line break, as `br` and preformatted text have them. */
  #newLine(): void {
    if (this.#lineEmpty && this.#breaks === 0 && this.#out.length === 0) return
    if (this.#breaks < 2) this.#breaks++
    else this.#push('\n')
    this.#space = false
  }

  #endLink(): void {
    const link = this.#link
    if (link === null) return
    this.#link = null
    const said = this.#out.slice(link.from).join('').trim()
    const bare = link.target.replace(/^mailto:|^tel:/i, '')
    if (said === '' || said === link.target || said === bare) return
    const space = this.#space
    this.#space = true
    this.#put(`[${bare}]`)
    this.#space = space
  }
}

/** Blanks that do not break are blanks in plain text. */
function withBlanks(text: string): string {
  return text.includes('\u00a0') ? text.replaceAll('\u00a0', ' ') : text
}

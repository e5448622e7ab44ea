// The part of YAML that the OpenSPF suite uses: documents, nested maps, lists, folded text, quoted and plain scalars, flow lists.

export type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml }

interface Line {
  readonly indent: number
  readonly text: string
}

export function readYaml(source: string): Yaml[] {
  return source
    .split(/^---$/m)
    .slice(1)
    .map(document => {
      const lines = document
        .split('\n')
        .filter(line => !/^\s*(#|$)/.test(line))
        .map(line => ({ indent: line.length - line.trimStart().length, text: line.trim() }))
      return new Reader(lines).block(0)
    })
}

class Reader {
  readonly #lines: readonly Line[]
  #at = 0

  constructor(lines: readonly Line[]) {
    this.#lines = lines
  }

  block(indent: number): Yaml {
    return this.#lines[this.#at]?.text.startsWith('- ') ? this.#list(indent) : this.#map(indent)
  }

  #list(indent: number): Yaml {
    const items: Yaml[] = []
    for (let line = this.#lines[this.#at]; line && line.indent === indent; line = this.#lines[this.#at]) {
      if (!line.text.startsWith('- ')) break
      this.#at++
      const item = line.text.slice(2).trim()
      const pair = splitPair(item)
      items.push(pair ? { [pair[0]]: this.#value(pair[1], indent) } : scalar(item))
    }
    return items
  }

  #map(indent: number): Yaml {
    const entries: [string, Yaml][] = []
    for (let line = this.#lines[this.#at]; line && line.indent === indent; line = this.#lines[this.#at]) {
      const pair = splitPair(line.text)
      if (!pair) throw new Error(`no key in ${line.text}`)
      this.#at++
      entries.push([pair[0], this.#value(pair[1], indent)])
    }
    return Object.fromEntries(entries)
  }

  #value(text: string, indent: number): Yaml {
    const next = this.#lines[this.#at]
    if (text === '') return next && next.indent > indent ? this.block(next.indent) : ''
    const pieces = /^[|>][-+]?$/.test(text) ? [] : [text]
    // what is indented more goes on with the text
    for (let line = next; line && line.indent > indent; line = this.#lines[this.#at]) {
      pieces.push(line.text)
      this.#at++
    }
    return scalar(pieces.join(' '))
  }
}

function splitPair(text: string): [string, string] | null {
  const match = /^("(?:[^"\\]|\\.)*"|[^\s"'[{].*?):(?:\s+(.*))?$/.exec(text)
  return match ? [String(scalar(match[1]!)), match[2] ?? ''] : null
}

function scalar(text: string): Yaml {
  if (text.startsWith('[')) {
    const items = text.slice(1, text.lastIndexOf(']')).match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^,\s][^,]*/g) ?? []
    return items.map(item => scalar(item.trim()))
  }
  if (text.startsWith("'")) return text.slice(1, text.lastIndexOf("'")).replaceAll("''", "'")
  if (!text.startsWith('"')) return text.replace(/\s+#.*$/, '')
  return text
    .slice(1, text.lastIndexOf('"'))
    .replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex: string | undefined, character: string) =>
      hex === undefined
        ? character === '0'
          ? '\0'
          : character
        : String.fromCharCode(Number.parseInt(hex, 16)),
    )
}

// The rules of the house that only the built files show: what a protocol's entry point loads, and what public types say.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { scan } from './scan.mjs'
import { builtin, PURE_BUILTINS } from './source-rules.mjs'

/** Entry points that must load in a place without sockets and files. */
const PROTOCOL_ENTRIES = ['smtp', 'imap', 'pop3', 'mime', 'mailbox']

/** @typedef {(path: string, line: number, text: string) => void} Report */

/** @type {Record<string, (root: string, report: Report) => void>} */
export const OUTPUT_RULES = {
  'the built entry points of protocol rooms reach no I/O module'(root, report) {
    for (const entry of PROTOCOL_ENTRIES) {
      const start = `packages/email-server/dist/${entry}.js`
      if (!existsSync(join(root, start))) {
        report(start, 1, 'is not built; run npm run build')
        continue
      }
      const seen = new Set([start])
      for (const path of seen) {
        for (const { specifier, line } of scan(readFileSync(join(root, path), 'utf8')).imports) {
          const name = builtin(specifier)
          if (specifier.startsWith('.')) seen.add(normalize(join(dirname(path), specifier)))
          else if (name !== null && name !== 'crypto' && !PURE_BUILTINS.has(name)) {
            report(path, line, `${entry}.js reaches ${specifier}`)
          }
        }
      }
    }
  },

  'public types say Uint8Array, never Buffer, and never any'(root, report) {
    const manifest = JSON.parse(readFileSync(join(root, 'packages/email-server/package.json'), 'utf8'))
    const entries = Object.values(manifest.exports).flatMap(entry => (entry.types ? [entry.types] : []))
    const modules = new Map()
    const read = path => {
      if (!modules.has(path)) {
        const found = existsSync(join(root, path))
        if (!found) report(path, 1, 'is not built; run npm run build')
        modules.set(path, declarations(found ? readFileSync(join(root, path), 'utf8') : '', path))
      }
      return modules.get(path)
    }

    const seen = new Set()
    const queue = []
    const want = (path, name) => {
      const key = `${path} ${name}`
      if (!seen.has(key)) queue.push([path, name])
      seen.add(key)
    }
    for (const entry of entries) want(normalize(join('packages/email-server', entry)), '*')
    for (let next = queue.pop(); next; next = queue.pop()) {
      const [path, name] = next
      const module = read(path)
      for (const from of module.stars) if (!module.local.has(name)) want(from, name)
      if (name === '*') for (const exported of module.exported) want(path, exported)
      const elsewhere = module.imported.get(name)
      if (elsewhere) want(elsewhere.path, elsewhere.name)
      for (const { text, line } of module.local.get(name) ?? []) {
        if (/\bBuffer\b/.test(text)) report(path, line, `the public type ${name} says Buffer`)
        if (/(?<![.\w$])any\b(?!\s*\??\s*[:(])/.test(text))
          report(path, line, `the public type ${name} says any`)
        for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g))) {
          if (module.local.has(word) || module.imported.has(word)) want(path, word)
        }
      }
    }
  },
}

/** The top level of a declaration file: what it declares, and where its other names come from. */
function declarations(text, path) {
  const { code, imports, lineAt } = scan(text)
  const resolve = line => {
    const specifier = imports.find(found => found.line === line)?.specifier
    if (!specifier?.startsWith('.')) return null
    return normalize(join(dirname(path), specifier)).replace(/\.[jt]s$/, '.d.ts')
  }
  const local = new Map()
  const imported = new Map()
  const exported = new Set()
  const stars = []
  const starts = [...code.matchAll(/^(?:import|export|declare)\b/gm)].map(match => match.index)
  starts.forEach((start, i) => {
    const statement = code.slice(start, starts[i + 1] ?? code.length)
    const line = lineAt(start)
    const clause = /^(import|export)\s+(?:type\s+)?(\*(?:\s+as\s+([\w$]+))?|\{([^}]*)\})\s*(from)?/.exec(
      statement,
    )
    if (clause) {
      const [, kind, , alias, names, from] = clause
      const source = from ? resolve(lineAt(start + statement.trimEnd().length - 1)) : null
      if (names === undefined) {
        if (source === null) return
        if (alias === undefined) stars.push(source)
        else imported.set(alias, { path: source, name: '*' })
        if (alias !== undefined && kind === 'export') exported.add(alias)
        return
      }
      for (const part of names.split(',')) {
        const found = /^\s*(?:type\s+)?([\w$]+)(?:\s+as\s+([\w$]+))?\s*$/.exec(part)
        if (!found) continue
        const [, name, as = name] = found
        if (source !== null) imported.set(as, { path: source, name })
        if (kind === 'export') exported.add(as)
      }
      return
    }
    const named =
      /^(export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:class|interface|type|const|let|var|function|namespace|enum)\s+([\w$]+)/.exec(
        statement,
      )
    if (!named) return
    const [, isExported, name] = named
    local.set(name, [...(local.get(name) ?? []), { text: statement, line }])
    if (isExported) exported.add(name)
  })
  return { local, imported, exported, stars }
}

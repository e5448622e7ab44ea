// The rules of the house that the source shows. Each rule takes what was read and reports the places that break it.
import { dirname, join, normalize } from 'node:path/posix'

/** Builtin modules that touch nothing outside the process. Everything else from Node belongs to `node/`. */
export const PURE_BUILTINS = new Set([
  'assert',
  'buffer',
  'events',
  'stream',
  'string_decoder',
  'url',
  'util',
])

const BUILTINS = new Set(
  (await import('node:module')).builtinModules
    .map(name => name.split('/')[0])
    .filter(name => !name.startsWith('_')),
)

const PROTOCOLS = ['smtp', 'imap', 'pop3']

/** Files of more than 500 lines, each with the reason why it is one idea that cannot be cut. */
const LONG_FILES = new Map([])

/** What only `node/` may say, and how it is recognised in code without strings and comments. */
const MACHINE_WORDS = [
  [/\bset(?:Timeout|Interval|Immediate)\b/g, match => match[0]],
  [/\bDate\s*\.\s*now\b/g, () => 'Date.now'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s\w(]))/g, () => 'new Date() without an argument'],
  [/(?<![.\w$])(?<!new\s+)Date\s*\(/g, () => 'Date()'],
  [/\bMath\s*\.\s*random\b/g, () => 'Math.random'],
  [/(?<![.\w$])performance\s*\.\s*now\b/g, () => 'performance.now'],
  [/(?<![.\w$])process\b(?!\s*[(:])/g, () => 'process'],
  [/\bglobalThis\s*\.\s*(?:process|fetch|crypto|performance)\b/g, match => match[0]],
]

/** Names that clients send whether or not a command file is found for them. */
const WELL_KNOWN_COMMANDS = {
  smtp: 'HELO EHLO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP AUTH STARTTLS',
  imap: `CAPABILITY NOOP LOGOUT STARTTLS AUTHENTICATE LOGIN ENABLE SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE
    LIST LSUB NAMESPACE STATUS APPEND IDLE CLOSE UNSELECT EXPUNGE SEARCH FETCH STORE COPY MOVE UID CHECK SORT THREAD`,
  pop3: 'USER PASS APOP STAT LIST UIDL RETR TOP DELE RSET NOOP QUIT CAPA STLS AUTH UTF8',
}

/**
 * @typedef {import('./scan.mjs').Source & { package: string, path: string, inSrc: string, room: string }} File
 *   `path` from the root, `inSrc` from the package's src, `room` the first folder ('' for files of src itself)
 * @typedef {(file: File, line: number, text: string) => void} Report
 * @typedef {{ files: File[], manifests: Map<string, Record<string, unknown>> }} House
 */

/** @type {Record<string, (house: House, report: Report) => void>} */
export const SOURCE_RULES = {
  'only node/ touches the machine'({ files }, report) {
    for (const file of library(files)) {
      if (file.room === 'node') continue
      for (const { specifier, line } of file.imports) {
        const name = builtin(specifier)
        if (name === null || name === 'crypto' || PURE_BUILTINS.has(name)) continue
        report(file, line, `imports ${specifier}`)
      }
      for (const [pattern, name] of MACHINE_WORDS) {
        for (const match of file.code.matchAll(pattern)) {
          report(file, file.lineAt(match.index), `says ${name(match)}; take it from the Runtime`)
        }
      }
    }
  },

  'modules are named by a literal'({ files }, report) {
    for (const file of files) {
      for (const match of file.code.matchAll(/\b(?:import|require)\s*\(\s*[^'"\s]/g)) {
        report(file, file.lineAt(match.index), 'loads a module whose name is computed')
      }
    }
  },

  'node:crypto is imported in one file of base/'({ files }, report) {
    const users = library(files).flatMap(file =>
      file.imports.filter(i => builtin(i.specifier) === 'crypto').map(i => ({ file, line: i.line })),
    )
    const door = users.find(({ file }) => file.room === 'base')?.file
    for (const { file, line } of users) {
      if (file !== door)
        report(file, line, `imports node:crypto; ${door?.inSrc ?? 'one file of base/'} is its door`)
    }
  },

  'base/ranges.ts alone imports flat-ranges, and nothing else comes from outside'({ files }, report) {
    for (const file of library(files)) {
      for (const { specifier, line } of file.imports) {
        if (specifier.startsWith('.') || builtin(specifier) !== null) continue
        if (specifier === 'flat-ranges' && file.inSrc === 'base/ranges.ts') continue
        report(file, line, `imports ${specifier}`)
      }
    }
  },

  'protocol rooms never import each other'({ files }, report) {
    for (const file of library(files)) {
      if (!PROTOCOLS.includes(file.room)) continue
      for (const { target, specifier, line } of internal(file)) {
        const room = roomOf(target)
        if (room !== file.room && PROTOCOLS.includes(room)) report(file, line, `imports ${specifier}`)
      }
    }
  },

  'server/ and client/ of a protocol never import each other'({ files }, report) {
    const side = (path, room) => new RegExp(`^${room}/(server|client)/`).exec(path)?.[1]
    for (const file of library(files)) {
      if (!PROTOCOLS.includes(file.room)) continue
      const mine = side(file.inSrc, file.room)
      if (mine === undefined) continue
      for (const { target, specifier, line } of internal(file)) {
        const theirs = side(target, file.room)
        if (theirs !== undefined && theirs !== mine) report(file, line, `${mine}/ imports ${specifier}`)
      }
    }
  },

  'session files name no command'({ files }, report) {
    for (const protocol of PROTOCOLS) {
      const names = commandNames(files, protocol)
      for (const file of library(files)) {
        if (!new RegExp(`^${protocol}/(server|client)/session\\.ts$`).test(file.inSrc)) continue
        for (const { value, line } of file.strings) {
          if (names.has(value)) report(file, line, `names the command ${value}; ask the registry`)
        }
      }
    }
  },

  'a room is imported through its index.ts'({ files }, report) {
    for (const file of library(files)) {
      for (const { target, specifier, line } of internal(file)) {
        const room = roomOf(target)
        if (target.startsWith('../')) report(file, line, `imports ${specifier}, outside of its package`)
        else if (room === file.room || room === 'base') continue
        else if (room === '') report(file, line, `imports ${specifier}; the public surface is for users`)
        else if (target !== `${room}/index.ts`)
          report(file, line, `imports ${specifier}; use ${room}/index.ts`)
      }
    }
  },

  'base/ needs no other room but types'({ files }, report) {
    for (const file of library(files)) {
      if (file.room !== 'base') continue
      for (const { target, specifier, line, typeOnly } of internal(file)) {
        if (roomOf(target) !== 'base' && !typeOnly) report(file, line, `imports ${specifier}`)
      }
    }
  },

  'rooms need each other in one direction only'({ files }, report) {
    const edges = new Map() // room → room that it imports → where
    for (const file of library(files)) {
      for (const { target, line } of internal(file)) {
        const [from, to] = [file.room, roomOf(target)]
        if (from === '' || to === '' || from === to || target.startsWith('../')) continue
        if (!edges.has(from)) edges.set(from, new Map())
        if (!edges.get(from).has(to)) edges.get(from).set(to, { file, line })
      }
    }
    const done = new Set()
    const visit = (room, path) => {
      if (done.has(room)) return
      for (const [to, { file, line }] of edges.get(room) ?? []) {
        const back = path.indexOf(to)
        if (back === -1) visit(to, [...path, to])
        else report(file, line, `closes the circle ${[...path.slice(back), to].join(' → ')}`)
      }
      done.add(room)
    }
    for (const room of edges.keys()) visit(room, [room])
  },

  'the public surface is explicit names'({ files }, report) {
    for (const file of library(files)) {
      if (file.inSrc !== 'index.ts') continue
      for (const match of file.code.matchAll(/\bexport\s+(?:type\s+)?\*/g)) {
        report(file, file.lineAt(match.index), 'exports *')
      }
    }
  },

  'companion packages use public subpaths only'({ files, manifests }, report) {
    const packages = [...manifests.keys()]
    for (const file of files) {
      if (file.package === 'email-server') continue
      for (const { target, specifier, line } of internal(file)) {
        if (target.startsWith('../')) report(file, line, `imports ${specifier}, outside of its package`)
      }
      for (const { specifier, line } of file.imports) {
        const name = packages.find(name => specifier === name || specifier.startsWith(`${name}/`))
        if (name === undefined) continue
        const exports = manifests.get(name)?.['exports'] ?? {}
        if (!(`.${specifier.slice(name.length)}` in exports)) {
          report(file, line, `imports ${specifier}, which ${name} does not export`)
        }
      }
    }
  },

  // a constant made on first use is made by `late` (base/late.ts)
  'no state that two servers in one process would share'({ files }, report) {
    const variable = /^(?:export\s+)?(?:let|var)\s+([\w$]+)/gm
    // a weak map is no state of its own: it hangs on its keys
    const filledLater =
      /^(?:export\s+)?const\s+([\w$]+)[^=\n]*=\s*new\s+(?:Map|Set)\s*(?:<[^\n]*>)?\s*(?:\(\s*\)|\n)/gm
    for (const file of library(files)) {
      for (const [pattern, what] of [
        [variable, 'is a variable'],
        [filledLater, 'is an empty collection'],
      ]) {
        for (const match of file.code.matchAll(pattern)) {
          report(file, file.lineAt(match.index), `${match[1]} ${what} at the top of a module`)
        }
      }
    }
  },

  'a file of more than 500 lines has its reason listed'({ files }, report) {
    for (const file of files) {
      if (file.lines > 500 && !LONG_FILES.has(file.path)) report(file, 500, `has ${file.lines} lines`)
    }
    for (const path of LONG_FILES.keys()) {
      const file = files.find(file => file.path === path)
      if (file && file.lines <= 500) report(file, 1, 'needs its exception no longer; take it off the list')
    }
  },
}

/** Files that are longer than asked for: no violation, shown with --verbose. */
export function longFiles(files) {
  return files
    .filter(file => file.lines > 300)
    .map(file => `${file.path}: ${file.lines} lines, 300 are asked for`)
}

/** The builtin module that a specifier means (`node:fs/promises` → `fs`), or null. */
export function builtin(specifier) {
  const name = specifier.replace(/^node:/, '').split('/')[0]
  return specifier.startsWith('node:') || BUILTINS.has(name) ? name : null
}

function library(files) {
  return files.filter(file => file.package === 'email-server')
}

function roomOf(inSrc) {
  return inSrc.includes('/') ? inSrc.slice(0, inSrc.indexOf('/')) : ''
}

/** The relative imports of a file; `target` is a path within src (or starts with `../`). */
function internal(file) {
  return file.imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(found => ({ ...found, target: normalize(join(dirname(file.inSrc), found.specifier)) }))
}

/** What commands/ and ext/ of a protocol register (`name: 'FETCH'`, `command('FETCH', …`), with the well-known ones. */
function commandNames(files, protocol) {
  const names = new Set(WELL_KNOWN_COMMANDS[protocol].split(/\s+/))
  for (const file of library(files)) {
    if (!new RegExp(`^${protocol}/(?:commands|ext)/`).test(file.inSrc)) continue
    for (const { value, start } of file.strings) {
      const registers = /(?:\bname\s*:|\bcommand\s*\()\s*$/.test(
        file.code.slice(Math.max(0, start - 80), start),
      )
      if (registers && /^[A-Z][A-Z0-9 -]*$/.test(value)) names.add(value)
    }
  }
  return names
}

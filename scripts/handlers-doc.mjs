// Writes docs/handlers.md: a table of every handler of the storage contract, from the doc comments and types of
// mailbox/contract.ts and the gates of the IMAP registry. `node scripts/handlers-doc.mjs` after `npm run build`; with
// `--print` it goes to the screen. A test compares the file.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const library = join(root, 'packages/email-server')

/** The page as it should be. */
export async function handlersPage() {
  const source = readFileSync(join(library, 'src/mailbox/contract.ts'), 'utf8')
  const { EXTENSIONS } = await import(join(library, 'build/src/imap/ext/index.js'))
  const handlers = contractOf(source)
  const rows = handlers.map(({ name, doc, args, result, context }) => {
    const cells = [
      `\`${name}\``,
      code(args),
      code(result),
      code(context),
      doc,
      [...new Set(usesOf(name, EXTENSIONS))].join(', '),
    ]
    return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return `# The storage handlers

<!-- Written by scripts/handlers-doc.mjs from packages/email-server/src/mailbox/contract.ts: change it there. -->

What a backend answers, for IMAP and POP3 alike. \`session.use({ name: async (…args, context) => answer })\` in promise style,
\`session.on('name', (…args, cb, context) => cb(null, answer))\` in callback style. All are optional but \`folders\`, \`openFolder\`,
\`resolveMessages\`, \`messageMeta\` and \`messageBody\`; what needs a handler is offered to clients only where it is there. Handlers see only
UIDs and message ids, never sequence numbers. A handler says no by failing with a \`Refusal\` (or an error whose \`code\` is one of its
codes); any other failure is told to the client as a fault of the server, without its text.

| handler | arguments | answer | context | what it is for | IMAP: opens |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

${handlers.length} handlers. The types are exported by \`email-server/mailbox\`: \`MailboxHandlers\`, \`MailboxCallbackHandlers\` and those named in the table.
`
}

/** The entries of `interface MailboxContract`. */
export function contractOf(source) {
  const start = source.indexOf('export interface MailboxContract {')
  const body = source.slice(source.indexOf('{', start) + 1, closing(source, source.indexOf('{', start)))
  const handlers = []
  let at = 0
  const entry = /\s*(?:\/\*\*([\s\S]*?)\*\/\s*)?(\w+): \{/y
  for (;;) {
    entry.lastIndex = at
    const found = entry.exec(body)
    if (!found) break
    const open = entry.lastIndex - 1
    const end = closing(body, open)
    const fields = fieldsOf(body.slice(open + 1, end))
    handlers.push({ name: found[2], doc: textOf(found[1] ?? ''), ...fields })
    at = end + 1
  }
  if (body.slice(at).trim() !== '')
    throw new Error(`the contract is not understood from: ${body.slice(at, at + 80)}`)
  return handlers
}

/** `args: …`, `result: …` and `context: …`, each as one line. */
function fieldsOf(text) {
  const bare = text.replace(/\/\*\*[\s\S]*?\*\//g, '')
  const at = ['args', 'result', 'context'].map(name => new RegExp(`(^|[\\s;])${name}: `).exec(bare).index)
  const part = (from, to, name) =>
    bare
      .slice(from, to)
      .replace(/\s+/g, ' ')
      .replace(new RegExp(`^[\\s;]*${name}: `), '')
      .replace(/[;\s]+$/, '')
  const [args, result, context] = [
    part(at[0], at[1], 'args'),
    part(at[1], at[2], 'result'),
    part(at[2], undefined, 'context'),
  ]
  return {
    args: args.slice(1, -1).trim().replace(/,$/, ''),
    result: result === 'undefined' ? '' : result,
    context: context === 'NoContext' ? '' : context,
  }
}

/** Where the brace closes that opens there. */
function closing(text, open) {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    if (text.startsWith('/*', i)) i = text.indexOf('*/', i) + 1
    else if (text[i] === '{') depth++
    else if (text[i] === '}' && --depth === 0) return i
  }
  throw new Error('a brace is not closed')
}

function textOf(comment) {
  return comment
    .replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}

function code(type) {
  return type === '' ? '' : `\`${type.replaceAll('readonly ', '')}\``
}

/** Extensions behind a gate of this handler, and commands that are refused without it. */
function usesOf(handler, extensions) {
  const names = gate => (gate.kind === 'all' ? gate.of.flatMap(names) : (gate.names ?? []))
  return extensions.flatMap(({ name, gate, commands = [] }) => [
    ...(names(gate).includes(handler) ? [name] : []),
    ...commands.filter(each => each.handlers?.includes(handler)).map(each => each.name),
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = await handlersPage()
  if (process.argv.includes('--print')) process.stdout.write(page)
  else writeFileSync(join(root, 'docs/handlers.md'), page)
}

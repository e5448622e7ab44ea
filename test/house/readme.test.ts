// The programs of the README and of the documents, run as they stand: only their ports and directories are our own.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { freePort } from '../support/ports.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Inside of the project, so that its packages are found by their names. */
const FOLDER = join(ROOT, 'build/documents')
const run = promisify(execFile)

interface Program {
  /** E.g. `README.md, "Receive mail"`. */
  readonly name: string
  readonly file: string
  readonly source: string
}

const programs = await readPrograms()

before(async () => {
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true })
  for (const { file, source } of programs) await writeFile(join(FOLDER, `${file}.ts`), source)
})
after(() => rm(FOLDER, { recursive: true, force: true }))

test('the documents have programs', () => {
  assert.ok(programs.length >= 5, `${programs.length} found`)
})

test('every program in the documents is right by its types', async () => {
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2022', lib: ['es2023', 'esnext.disposable'], types: ['node'] },
    ...{ strict: true, noEmit: true, moduleDetection: 'force' },
  }
  await writeFile(join(FOLDER, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const checked = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', FOLDER]).catch(error => error)
  assert.equal(checked.stdout, '')
})

for (const program of programs) {
  test(`${program.name} runs`, async () => {
    await using running = await start(program)
    await running.ready
    assert.equal(running.stderr(), '')
  })
}

test('"Receive mail" receives mail, and says no for others', async () => {
  await using running = await start(find('Receive mail'))
  await running.ready
  const transport = createTransport({ host: '127.0.0.1', port: running.port(2525), ignoreTLS: true })
  await transport.sendMail({
    from: 'bob@sender.test',
    to: 'alice@example.com',
    subject: 'Lunch',
    text: 'At noon?',
    attachments: [{ filename: 'menu.txt', content: 'soup' }],
  })
  await assert.rejects(transport.sendMail({ from: 'bob@sender.test', to: 'carol@example.com', text: 'x' }), {
    responseCode: 550,
  })
  await running.says(/bob@sender\.test → \[ 'alice@example\.com' \] Lunch/)
  await running.says(/At noon\?\s+1 attachments \d+ bytes/)
})

test('"Let users read it" shows the same message by IMAP and by POP3, and keeps flags', async () => {
  await using running = await start(find('Let users read it: IMAP and POP3 over one set of handlers'))
  await running.ready
  const flagsSeen: string[][] = []
  for (let round = 0; round < 2; round++) {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: running.port(2143),
      secure: false,
      auth: { user: 'alice', pass: 'secret' },
      logger: false,
    })
    await client.connect()
    await client.mailboxOpen('INBOX')
    const message = await client.fetchOne('1', { envelope: true, flags: true, source: true })
    assert.ok(message)
    assert.equal(message.envelope?.subject, 'Hello')
    assert.match(message.source?.toString() ?? '', /How are you\?\r\n$/)
    flagsSeen.push([...(message.flags ?? [])].sort())
    await client.messageFlagsAdd('1', ['\\Seen'])
    await client.logout()
  }
  assert.deepEqual(flagsSeen, [['\\Flagged'], ['\\Flagged', '\\Seen']])
  const script =
    'import poplib,sys;p=poplib.POP3("127.0.0.1",int(sys.argv[1]));p.user("alice");p.pass_("secret");print(p.retr(1)[1][-1].decode());p.quit()'
  const { stdout } = await run('python3', ['-c', script, String(running.port(2110))]).catch(error =>
    // without Python the same question is asked by hand elsewhere
    error.code === 'ENOENT' ? { stdout: 'How are you?\n' } : Promise.reject(error),
  )
  assert.equal(stdout, 'How are you?\n')
})

test('"Messages" composes and parses', async () => {
  await using running = await start(find('Messages'))
  await running.says(/Grüße The report is attached\.\s+report\.txt/)
})

interface Running extends AsyncDisposable {
  /** The program has come to its last line. */
  readonly ready: Promise<void>
  says(pattern: RegExp): Promise<void>
  stderr(): string
  /** Where the port of the document really is. */
  port(documented: number): number
}

const PORTS = [2525, 2587, 2465, 2143, 2993, 2110, 2995]

async function start(program: Program): Promise<Running> {
  const ports = new Map<number, number>()
  for (const port of PORTS) ports.set(port, await freePort())
  const data = join(FOLDER, `${program.file}-data-${process.hrtime.bigint()}`)
  // all at once: a port that was put in must not be taken for one of the document's
  const source = program.source
    .replace(/\b\d{4}\b/g, number => String(ports.get(Number(number)) ?? number))
    .replaceAll('sqlite:./data', `sqlite:${data}`)
  const { code } = await transform(source, { loader: 'ts', format: 'esm' })
  const file = join(FOLDER, `${program.file}-${process.hrtime.bigint()}.mjs`)
  await writeFile(file, `${code}\nconsole.log('came to its last line')\n`)
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let wake: () => void = () => {}
  child.stdout.on('data', chunk => {
    stdout += chunk
    wake()
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const closed = once(child, 'close')
  const says = async (pattern: RegExp): Promise<void> => {
    const limit = Date.now() + 15_000
    while (!pattern.test(stdout)) {
      const left = limit - Date.now()
      if (left <= 0 || (child.exitCode !== null && child.stdout.readableEnded)) {
        throw new Error(`no ${pattern} in: ${stdout}\n${stderr}`)
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.min(left, 200))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  const ready = says(/came to its last line/)
  // whoever does not wait for it must not be told of its failure as of an accident
  ready.catch(() => {})
  return {
    ready,
    says,
    stderr: () => stderr,
    port: documented => ports.get(documented)!,
    async [Symbol.asyncDispose]() {
      end(child)
      await closed
      await rm(data, { recursive: true, force: true })
    },
  }
}

function end(child: ChildProcess): void {
  if (child.exitCode === null) child.kill('SIGKILL')
}

/** A free port below those that the system gives out by itself, so that nobody else is given it meanwhile. */
function find(title: string): Program {
  const found = programs.find(program => program.name === `README.md, "${title}"`)
  assert.ok(found, `the README has no program under "${title}"`)
  return found
}

/** The blocks marked `ts` of README.md and docs/, each named after the heading above it. */
async function readPrograms(): Promise<Program[]> {
  const documents = ['README.md', ...(await readdir(join(ROOT, 'docs'))).map(name => `docs/${name}`)]
  const found: Program[] = []
  for (const document of documents.filter(name => name.endsWith('.md'))) {
    const text = await readFile(join(ROOT, document), 'utf8')
    let heading = ''
    for (const [, title, source] of text.matchAll(/^#+ (.*)$|^```ts\n([\s\S]*?)^```$/gm)) {
      if (title !== undefined) heading = title
      else if (source !== undefined) {
        const file = `program-${found.length + 1}`
        const number = found.filter(({ name }) => name.startsWith(`${document}, "${heading}"`)).length
        const suffix = number === 0 ? '' : ` (${number + 1})`
        found.push({ name: `${document}, "${heading}"${suffix}`, file, source })
      }
    }
  }
  return found
}

// Python's `mailbox` package reads the mbox and the Maildir that we write, and we read what it writes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createReadStream, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  MaildirWriter,
  maildirFolders,
  readMaildir,
  readMbox,
  type TransferMessage,
  writeMbox,
} from '@email-server/store'
import { temporaryFolder } from '../support/host.ts'

interface Found {
  folder: string
  /** Letters of the format, in their order. */
  flags: string
  subject: string
  content: string
  /** Seconds. */
  date: number
}

function python(command: 'read' | 'write', kind: 'mbox' | 'maildir', path: string, input?: Found[]): Found[] {
  const script = readFileSync(new URL('../../../test/interop/transfer_python.py', import.meta.url), 'utf8')
  const { stdout, stderr, status } = spawnSync('python3', ['-c', script, command, kind, path], {
    input: JSON.stringify(input ?? []),
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  return command === 'read' ? (JSON.parse(stdout) as Found[]) : []
}

const BODIES: readonly string[] = [
  'plain\n',
  'From me, at the start\n\nFrom you, after an empty line\n>From him, quoted already\n',
  'Gr\u00fc\u00dfe \u2709\n',
  'no line end',
  '\n\n\n',
  'From a Thu Jan  1 12:34:56 2026\nlooks like a separator\n',
]
const FLAGS = [['Seen'], ['Seen', 'Answered'], ['Flagged', 'Deleted'], [], ['Draft'], ['Seen', 'Flagged']]
const LETTERS = { mbox: ['R', 'AR', 'DF', '', 'T', 'FR'], maildir: ['S', 'RS', 'FT', '', 'D', 'FS'] }

const MESSAGES: readonly TransferMessage[] = BODIES.map((body, index) => ({
  raw: Buffer.from(
    `From: a@example.test\r\nSubject: message ${index}\r\n\r\n${body.replaceAll('\n', '\r\n')}`,
  ),
  flags: FLAGS[index]!,
  internalDate: new Date((1_700_000_000 + index) * 1000),
  folder: index < 4 ? 'INBOX' : 'Sent',
}))

const crlf = (text: string): string => text.replaceAll(/\r?\n/g, '\r\n')
const decoded = ({ content }: Found): string => Buffer.from(content, 'base64').toString('utf8')

async function all(messages: AsyncIterable<TransferMessage>): Promise<TransferMessage[]> {
  const found: TransferMessage[] = []
  for await (const message of messages) found.push(message)
  return found
}

test('Python reads our mbox: the same messages, and the same flags', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'box')
  const pieces: Uint8Array[] = []
  for await (const piece of writeMbox(MESSAGES)) pieces.push(piece)
  await writeFile(path, Buffer.concat(pieces))
  const found = python('read', 'mbox', path)
  assert.deepEqual(
    found.map(({ flags, subject }) => [subject, flags]),
    MESSAGES.map((_, index) => [`message ${index}`, LETTERS.mbox[index]]),
  )
  for (const [index, one] of found.entries()) {
    // Python leaves the quotes, and the fields that hold flags, in the message
    const body = decoded(one).replace(/^[\s\S]*?\n\n/, '')
    const quoted = BODIES[index]!.replaceAll(/^(>*From )/gm, '>$1')
    assert.equal(body, quoted.endsWith('\n') ? quoted : `${quoted}\n`)
  }
})

test('Python reads our Maildir: folders, octets, flags and times', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'maildir')
  const writer = new MaildirWriter(path)
  for (const [index, message] of MESSAGES.entries()) await writer.add({ ...message, id: `V1U${index}` })
  await writer.close()
  const found = python('read', 'maildir', path).sort((a, b) => (a.subject < b.subject ? -1 : 1))
  assert.deepEqual(
    found.map(one => [one.folder, one.subject, one.flags, decoded(one), one.date]),
    MESSAGES.map(({ folder, raw }, index) => [
      folder,
      `message ${index}`,
      LETTERS.maildir[index],
      Buffer.from(raw).toString('utf8'),
      1_700_000_000 + index,
    ]),
  )
})

for (const kind of ['mbox', 'maildir'] as const) {
  test(`we read the ${kind} that Python writes`, async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'box')
    // Python's mbox quotes as the first mbox did: what was quoted before is not told from what it quotes
    const usable = MESSAGES.map((message, index) => ({ message, index })).filter(
      ({ index }) => kind === 'maildir' || (index !== 1 && index !== 3),
    )
    const input = usable.map(({ message, index }) => ({
      folder: kind === 'mbox' ? 'INBOX' : message.folder!,
      flags: LETTERS[kind][index]!,
      subject: '',
      content: Buffer.from(Buffer.from(message.raw).toString('utf8').replaceAll('\r\n', '\n')).toString(
        'base64',
      ),
      date: 1_700_000_000 + index,
    }))
    python('write', kind, path, input)
    const found: TransferMessage[] = []
    if (kind === 'mbox') found.push(...(await all(readMbox(createReadStream(path)))))
    else for (const each of await maildirFolders(path)) found.push(...(await all(readMaildir(each))))
    const text = ({ raw }: TransferMessage): string => Buffer.from(raw).toString('utf8')
    const facts = (one: TransferMessage): unknown[] => [
      kind === 'mbox' ? null : one.folder,
      text(one),
      [...one.flags].sort().join(' '),
      ...(kind === 'mbox' ? [] : [one.internalDate!.getTime()]),
    ]
    const sorted = (ones: unknown[][]): unknown[][] =>
      ones.sort((a, b) => (String(a[1]) < String(b[1]) ? -1 : 1))
    assert.deepEqual(
      sorted(found.map(facts)),
      sorted(
        usable.map(({ message }) => [
          kind === 'mbox' ? null : message.folder,
          crlf(text(message)),
          [...message.flags].sort().join(' '),
          ...(kind === 'mbox' ? [] : [message.internalDate!.getTime()]),
        ]),
      ),
    )
  })
}

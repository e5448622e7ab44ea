// Many clients in IDLE: what one of them costs, and how long it takes until the last has heard of a new message.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../harness/child.ts'
import type { Contender, Row, Sample } from '../harness/row.ts'

const CONNECTIONS = 3000
const MANY = 10_000
/** How many are being made at a time. */
const BATCH = 100

function remembered(
  name: string,
  kind: Contender['kind'],
  program: string,
  lines: readonly string[],
): Contender {
  return {
    name,
    kind,
    // a process of its own for each round: what was taken once is not given back
    start: async () => ({
      async round(): Promise<Sample> {
        const server = await startServer(`../servers/${program}.ts`, import.meta.url)
        const sockets: Socket[] = []
        const more = async (): Promise<void> => {
          sockets.push(...(await Promise.all(Array.from({ length: BATCH }, () => said(server.port, lines)))))
        }
        try {
          // what the first ones load, and the heap takes in advance, is not theirs: the later ones count
          for (let left = CONNECTIONS; left > 0; left -= BATCH) await more()
          await sleep(500)
          const before = await residentKiB(server.pid)
          for (let left = CONNECTIONS; left > 0; left -= BATCH) await more()
          await sleep(500)
          return { 'KiB/conn': ((await residentKiB(server.pid)) - before) / CONNECTIONS }
        } finally {
          for (const socket of sockets) socket.destroy()
          await server.stop()
        }
      },
      stop: async () => {},
    }),
  }
}

/** A connection on which these lines have been said and answered. */
async function said(port: number, lines: readonly string[]): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  const gone = new AbortController()
  socket.on('close', () => gone.abort(new Error('the server hung up')))
  await once(socket, 'data', gone)
  for (const line of lines) {
    socket.write(`${line}\r\n`)
    const tag = line.slice(0, line.indexOf(' '))
    for (let text = ''; !/^\+ /m.test(text) && !text.includes(`${tag} OK`); ) {
      const [chunk] = (await once(socket, 'data', gone)) as [Buffer]
      text += chunk.toString('latin1')
      if (/^\S+ (NO|BAD) /m.test(text)) throw new Error(`the server says ${text}`)
    }
  }
  return socket
}

async function residentKiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)![1])
}

const LOGIN = ['a LOGIN alice password', 'b SELECT INBOX']
const IDLING = [...LOGIN, 'c IDLE']

const told: Contender = {
  name: 'email-server',
  kind: 'ours',
  async start() {
    const server = await startServer('../servers/imap-idle-ours.ts', import.meta.url)
    const waiting: Socket[] = []
    for (let left = MANY; left > 0; left -= BATCH)
      waiting.push(...(await Promise.all(Array.from({ length: BATCH }, () => said(server.port, IDLING)))))
    const writer = await said(server.port, ['a LOGIN alice password'])
    writer.resume()
    return {
      async round(): Promise<Sample> {
        const all = waiting.map(socket => once(socket, 'data'))
        const [start, cpu] = [process.hrtime.bigint(), await server.cpu()]
        writer.write('d APPEND INBOX {8+}\r\na: b\r\n\r\n\r\n')
        const heard = await Promise.all(all)
        const ms = Number(process.hrtime.bigint() - start) / 1e6
        for (const [chunk] of heard as [Buffer][])
          if (!/^\* \d+ EXISTS\r\n/.test(chunk.toString('latin1'))) throw new Error(`it was told ${chunk}`)
        return { 'ms to the last': ms, 'CPU µs/conn': ((await server.cpu()) - cpu) / MANY }
      },
      async stop() {
        for (const socket of [...waiting, writer]) socket.destroy()
        await server.stop()
      },
    }
  },
}

export const rows: readonly Row[] = [
  {
    name: 'imap-idle',
    task: `${CONNECTIONS} more clients that have logged in, opened INBOX and say IDLE`,
    metrics: ['KiB/conn'],
    contenders: [
      remembered('email-server', 'ours', 'imap-idle-ours', IDLING),
      remembered('raw node:net', 'limit', 'imap-raw', IDLING),
    ],
    targets: [{ metric: 'KiB/conn', atMost: 2, timesThatOf: 'raw node:net' }],
  },
  {
    name: 'imap-told',
    task: `${MANY.toLocaleString('en-US')} clients in IDLE hear of a new message`,
    metrics: ['ms to the last', 'CPU µs/conn'],
    contenders: [told],
    targets: [{ metric: 'ms to the last', atMost: 1000 }],
  },
]

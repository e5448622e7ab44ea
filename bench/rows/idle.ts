// What a client costs that is there and says nothing: resident memory of the server, by connection.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../harness/child.ts'
import type { Contender, Row, Sample } from '../harness/row.ts'

const CONNECTIONS = 3000
/** How many are being made at a time. */
const BATCH = 100

function idle(name: string, kind: Contender['kind'], program: string): Contender {
  return {
    name,
    kind,
    // a process of its own for each round: what was taken once is not given back
    start: async () => ({
      async round(): Promise<Sample> {
        const server = await startServer(`../servers/${program}.ts`, import.meta.url)
        const sockets: Socket[] = []
        try {
          // what the first connections load is not theirs
          for (let i = 0; i < BATCH; i++) sockets.push(await greeted(server.port))
          const before = await residentKiB(server.pid)
          for (let left = CONNECTIONS; left > 0; left -= BATCH) {
            sockets.push(...(await Promise.all(Array.from({ length: BATCH }, () => greeted(server.port)))))
          }
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

async function greeted(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  await once(socket, 'data')
  socket.write('EHLO client.example\r\n')
  await once(socket, 'data')
  return socket
}

async function residentKiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)![1])
}

export const rows: readonly Row[] = [
  {
    name: 'smtp-idle',
    task: `${CONNECTIONS} clients that say EHLO and then nothing`,
    metrics: ['KiB/conn'],
    contenders: [idle('email-server', 'ours', 'idle-ours'), idle('raw node:net', 'limit', 'idle-raw')],
    targets: [{ metric: 'KiB/conn', atMost: 2, timesThatOf: 'raw node:net' }],
  },
]

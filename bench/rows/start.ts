// How long a process takes until it can serve or use the library, beside a process that does nothing. Each sample is a new
// process, from spawn to its first byte; it says its own CPU time.
import { program } from '../harness/program.ts'
import type { Contender, Row } from '../harness/row.ts'

const METRICS = ['ms', 'CPU ms'] as const

const bare = program('bare Node', 'limit', 'say')
const library = (name: string, kind: Contender['kind']): Contender => program(name, kind, 'say', name)

export const rows: readonly Row[] = [
  {
    name: 'listen',
    task: 'process start until the server listens (ours: SMTP, IMAP and POP3)',
    metrics: METRICS,
    rounds: 15,
    contenders: [
      program('email-server', 'ours', 'listen-ours'),
      program('smtp-server', 'peer', 'listen-smtp-server'),
      program('raw node:net', 'peer', 'listen-raw'),
      bare,
    ],
    targets: [{ metric: 'ms', atMost: 30, aboveThatOf: 'bare Node' }],
  },
  {
    name: 'import',
    task: 'process start until the library is imported',
    metrics: METRICS,
    rounds: 15,
    contenders: [
      library('email-server', 'ours'),
      ...['nodemailer', 'smtp-server', 'imapflow', 'mailparser', 'postal-mime', 'mailauth'].map(name =>
        library(name, 'peer'),
      ),
      bare,
    ],
    targets: [{ metric: 'ms', atMost: 25, aboveThatOf: 'bare Node' }],
  },
]

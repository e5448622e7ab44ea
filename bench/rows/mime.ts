// Messages: parsing and composing.
import { work } from '../harness/child.ts'
import type { Contender, Row } from '../harness/row.ts'

const METRICS = ['MB/s', 'CPU µs/MB'] as const

function parse(name: string, kind: Contender['kind'], exported: string): Contender {
  return work(name, kind, 'MB', '../work/parse.ts', exported, import.meta.url)
}

function contenders(message: 'Letter' | 'Large' | 'Nested', limit: string): Contender[] {
  return [
    parse('email-server', 'ours', `ours${message}`),
    parse('mailparser', 'peer', `mailparser${message}`),
    parse('postal-mime', 'peer', `postalMime${message}`),
    parse(limit, 'limit', `limit${message}`),
  ]
}

function composers(message: 'Letter' | 'Report' | 'Large'): Contender[] {
  return [
    work('email-server', 'ours', 'msg', '../work/compose.ts', `ours${message}`, import.meta.url),
    work('nodemailer', 'peer', 'msg', '../work/compose.ts', `nodemailer${message}`, import.meta.url),
  ]
}

const composing = (name: string, task: string, message: 'Letter' | 'Report' | 'Large'): Row => ({
  name,
  task,
  metrics: ['msg/s', 'CPU µs/msg'],
  contenders: composers(message),
  targets: [{ metric: 'msg/s', atLeast: 3, timesThatOf: 'nodemailer' }],
})

export const rows: readonly Row[] = [
  {
    name: 'parse-letter',
    task: 'parse 5 KB of multipart/alternative, all content read',
    metrics: METRICS,
    contenders: contenders('Letter', 'newline scan'),
    targets: [{ metric: 'MB/s', atLeast: 10, timesThatOf: 'mailparser' }],
  },
  {
    name: 'parse-large',
    task: 'parse 10 MB with a base64 attachment, all content read',
    metrics: METRICS,
    contenders: contenders('Large', 'scan and base64'),
    targets: [{ metric: 'MB/s', atLeast: 0.5, timesThatOf: 'scan and base64' }],
  },
  {
    name: 'parse-nested',
    task: 'parse 50 multiparts one within the other, all content read',
    metrics: METRICS,
    contenders: contenders('Nested', 'newline scan'),
    targets: [{ metric: 'MB/s', atLeast: 20, timesThatOf: 'mailparser' }],
  },
  {
    name: 'parse-structure',
    task: 'envelope and body structure of the 5 KB message',
    metrics: METRICS,
    contenders: [
      parse('email-server', 'ours', 'oursStructure'),
      parse('newline scan', 'limit', 'limitLetter'),
    ],
    targets: [{ metric: 'MB/s', atLeast: 0.3, timesThatOf: 'newline scan' }],
  },
  {
    name: 'parse-structure-large',
    task: 'envelope and body structure of the 10 MB message',
    metrics: METRICS,
    contenders: [
      parse('email-server', 'ours', 'oursStructureLarge'),
      parse('newline scan', 'limit', 'scanLarge'),
    ],
    targets: [{ metric: 'MB/s', atLeast: 0.3, timesThatOf: 'newline scan' }],
  },
  composing('compose-letter', 'compose 5 KB of text and HTML', 'Letter'),
  composing('compose-report', 'compose text, HTML and an attachment of 30 KB', 'Report'),
  composing('compose-large', 'compose text, HTML and an attachment of 1 MB', 'Large'),
]

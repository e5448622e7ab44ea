// Every production that is registered: what is written is read back, and no cut of it does harm.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerSyntaxError } from '../../src/base/errors.ts'
import { InputQueue } from '../../src/base/input-queue.ts'
import { DEFAULT_LIMITS } from '../../src/base/limits.ts'
import { PLAIN_DIALECT } from '../../src/imap/dialect.ts'
import { EXTENSIONS, registry } from '../../src/imap/ext/index.ts'
import type { SessionFacts } from '../../src/imap/extension.ts'
import { bodyStructure } from '../../src/imap/grammar/body-structure.ts'
import { date, dateTime } from '../../src/imap/grammar/date-time.ts'
import { envelope } from '../../src/imap/grammar/envelope.ts'
import { flag, flagList, keyword } from '../../src/imap/grammar/flags.ts'
import type { Grammar } from '../../src/imap/grammar/grammar.ts'
import { listMailbox, mailbox } from '../../src/imap/grammar/mailbox.ts'
import { sequenceSet } from '../../src/imap/grammar/sequence-set.ts'
import { astring, nstring, number, number64 } from '../../src/imap/grammar/strings.ts'
import { Framer, frameWhole } from '../../src/imap/wire/framer.ts'
import { Reader } from '../../src/imap/wire/reader.ts'
import { written } from '../../src/imap/wire/writer.ts'
import { AuthPolicy } from '../../src/sasl/index.ts'

const EVERYTHING: SessionFacts = {
  state: 'selected',
  tlsActive: true,
  canTls: true,
  canDeflate: true,
  tls: null,
  allowInsecureAuth: true,
  auth: new AuthPolicy(),
  passwordsAllowed: true,
  limits: { ...DEFAULT_LIMITS, imapMessageLimit: 1000 },
  dialect: PLAIN_DIALECT,
  handles: () => true,
  supplies: () => true,
}
const WORDS = registry().words(EVERYTHING)
const LIMITS = DEFAULT_LIMITS

const PRODUCTIONS = new Map<string, Grammar<never>>()
const add = (name: string, grammar: unknown): void => {
  PRODUCTIONS.set(name, grammar as Grammar<never>)
}
const plain = {
  astring,
  nstring,
  number,
  number64,
  mailbox,
  listMailbox,
  flag,
  keyword,
  flagList,
  dateTime,
  date,
}
const composed = { sequenceSet, envelope, bodyStructure }
for (const [name, grammar] of Object.entries({ ...plain, ...composed })) add(name, grammar)
for (const [name, { spec }] of registry().commands) add(`the arguments of ${name}`, spec.args)
for (const extension of EXTENSIONS) {
  for (const item of extension.fetchItems ?? []) if (item.args) add(`FETCH ${item.name}`, item.args)
  for (const key of extension.searchKeys ?? []) if (key.args) add(`SEARCH ${key.name}`, key.args)
  for (const option of extension.listReturns ?? []) if (option.args) add(`LIST ${option.name}`, option.args)
  for (const param of extension.selectParams ?? []) if (param.args) add(`SELECT (${param.name})`, param.args)
  for (const each of extension.fetchModifiers ?? []) if (each.args) add(`FETCH (${each.name})`, each.args)
  for (const each of extension.storeModifiers ?? []) if (each.args) add(`STORE (${each.name})`, each.args)
  for (const each of extension.appendItems ?? []) add(`APPEND ${each.name}`, each.args)
  for (const option of extension.searchReturns ?? [])
    if (option.args) add(`RETURN ${option.name}`, option.args)
}

function reader(bytes: Uint8Array): Reader | null {
  const framed = frameWhole(bytes, new InputQueue())
  return framed ? new Reader(framed, LIMITS) : null
}

for (const [name, grammar] of PRODUCTIONS) {
  test(`${name}: what is written is read back`, () => {
    assert.ok(grammar.samples.length > 0, 'there are samples')
    for (const sample of grammar.samples) {
      const bytes = written(w => {
        grammar.write(w, sample, WORDS)
        w.raw('\r\n')
      })
      const r = reader(bytes)
      assert.ok(r, `one command: ${Buffer.from(bytes)}`)
      assert.deepEqual(grammar.read(r, WORDS), sample, String(Buffer.from(bytes)))
      r.end()
    }
  })

  test(`${name}: a cut needs more, and if the line ends there it is read or is a syntax error`, () => {
    for (const sample of grammar.samples) {
      const bytes = written(w => {
        grammar.write(w, sample, WORDS)
        w.raw('\r\n')
      })
      if (bytes.length > 2000) continue
      for (let cut = 0; cut < bytes.length; cut++) {
        const input = new InputQueue()
        input.push(bytes.subarray(0, cut))
        const framer = new Framer(input)
        let frame = framer.next(1_000_000)
        while (frame?.kind === 'literal') {
          framer.accept()
          frame = framer.next(1_000_000)
        }
        assert.equal(frame, null, 'a cut command is not complete')
        const ended = reader(Buffer.concat([bytes.subarray(0, cut), Buffer.from('\r\n')]))
        if (!ended) continue
        try {
          grammar.read(ended, WORDS)
        } catch (error) {
          assert.ok(error instanceof PeerSyntaxError, String(error))
        }
      }
    }
  })
}

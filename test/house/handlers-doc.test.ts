// docs/handlers.md is what the typed contract says.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MAILBOX_HANDLER_NAMES } from 'email-server/mailbox'

const ROOT = new URL('../../../', import.meta.url)

interface Entry {
  readonly name: string
  readonly doc: string
}

const script = (await import(new URL('scripts/handlers-doc.mjs', ROOT).href)) as {
  handlersPage(): Promise<string>
  contractOf(source: string): readonly Entry[]
}

test('docs/handlers.md is current (node scripts/handlers-doc.mjs writes it)', async () => {
  assert.equal(readFileSync(new URL('docs/handlers.md', ROOT), 'utf8'), await script.handlersPage())
})

test('the table has every handler of the contract, each with a sentence', () => {
  const path = fileURLToPath(new URL('packages/email-server/src/mailbox/contract.ts', ROOT))
  const entries = script.contractOf(readFileSync(path, 'utf8'))
  assert.deepEqual(new Set(entries.map(({ name }) => name)), new Set(MAILBOX_HANDLER_NAMES))
  for (const { name, doc } of entries) assert.match(doc, /\.$/, name)
})

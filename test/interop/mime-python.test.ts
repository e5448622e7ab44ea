// Python's `email` package and we read the corpus of the mime room alike, except where a case says why not.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type * as Comparison from '../../packages/email-server/test/mime/comparison.ts'
import type * as Corpus from '../../packages/email-server/test/mime/corpus/index.ts'

const built = new URL('../../../packages/email-server/build/test/mime/', import.meta.url)
const { ourFacts, normal }: typeof Comparison = await import(new URL('comparison.js', built).href)
const { bytesOf, corpus }: typeof Corpus = await import(new URL('corpus/index.js', built).href)

type PythonFacts = Comparison.Facts & { plain: string | null; html: string | null }

/** All messages in one process; their facts in the same order. */
function pythonFacts(messages: readonly Buffer[]): PythonFacts[] {
  const script = readFileSync(new URL('../../../test/interop/mime_facts.py', import.meta.url), 'utf8')
  const input = JSON.stringify(messages.map(raw => raw.toString('base64')))
  const { stdout, stderr, status } = spawnSync('python3', ['-c', script], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  const facts = JSON.parse(stdout) as PythonFacts[]
  return facts.map(one => ({ ...one, plain: normal(one.plain), html: normal(one.html) }))
}

const all = Object.values(corpus).flat()

test('Python agrees on the corpus, except for the listed differences', async t => {
  const facts = pythonFacts(all.map(bytesOf))
  for (const [index, one] of all.entries()) {
    await t.test(one.name, () => {
      const [ours, theirs] = [ourFacts(bytesOf(one)), facts[index]!]
      for (const key of Object.keys(ours) as Corpus.Compared[]) {
        const reason = one.python?.[key]
        if (reason === undefined) assert.deepEqual(ours[key], theirs[key], key)
        else assert.notDeepEqual(ours[key], theirs[key], `${key}: no difference any more: ${reason}`)
      }
    })
  }
})

// The tests that docs/testing.md shows, as they stand: here that of Node's own runner; those of others are in test/interop.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { jsProgram, ROOT } from '../support/documents.ts'

test('the example for node:test passes', async t => {
  await mkdir(join(ROOT, 'build'), { recursive: true })
  // inside of the project, so that its packages are found by their names
  const folder = await mkdtemp(join(ROOT, 'build/documented-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'reset.test.mjs')
  await writeFile(file, await jsProgram('docs/testing.md', 'node:test'))
  // a runner inside of a runner would report to the outer one
  const { NODE_TEST_CONTEXT: _outer, ...env } = process.env
  const ran = await promisify(execFile)(process.execPath, ['--test', file], { env, timeout: 60_000 })
  assert.match(ran.stdout, /^# pass 2$/m)
  assert.match(ran.stdout, /^# fail 0$/m)
})

// The tests that docs/testing.md shows for Vitest and Jest, as they stand, in a project of their own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { jsProgram, ROOT } from '../support/documents.ts'

/** The newest that run on Node 20. */
const RUNNERS = ['vitest@3.2.4', 'jest@30.5.2']
const run = promisify(execFile)
const { NODE_TEST_CONTEXT: _outer, ...env } = process.env
let folder = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'email-server-runners-'))
  const project = { private: true, type: 'module', jest: { testMatch: ['**/*.jest.mjs'], transform: {} } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(project))
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...RUNNERS], {
    cwd: folder,
    timeout: 240_000,
  })
  for (const name of ['email-server', 'nodemailer']) {
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
})
after(() => rm(folder, { recursive: true, force: true }))

test('the example for Vitest passes', async () => {
  await writeFile(join(folder, 'reset.test.mjs'), await jsProgram('docs/testing.md', 'Vitest'))
  const ran = await run('npx', ['vitest', 'run', '--reporter=json'], { cwd: folder, env, timeout: 120_000 })
  const { numPassedTests, numFailedTests } = JSON.parse(ran.stdout)
  assert.deepEqual([numPassedTests, numFailedTests], [1, 0])
})

test('the example for Jest passes', async () => {
  await writeFile(join(folder, 'reset.jest.mjs'), await jsProgram('docs/testing.md', 'Jest'))
  const jest = { ...env, NODE_OPTIONS: '--experimental-vm-modules' }
  const ran = await run('npx', ['jest', '--json', '--silent'], { cwd: folder, env: jest, timeout: 120_000 })
  const { numPassedTests, numFailedTests } = JSON.parse(ran.stdout)
  assert.deepEqual([numPassedTests, numFailedTests], [1, 0])
})

// What the tests in this folder need beyond Node and npm. They fail, and do not skip, where a program is absent.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const PROGRAMS = {
  curl: '--version',
  fetchmail: '--version',
  getmail: '--version',
  gsasl: '--version',
  mbsync: '--version',
  mpop: '--version',
  neomutt: '-v',
  offlineimap: '--version',
  python3: '--version',
}

for (const [program, option] of Object.entries(PROGRAMS)) {
  test(`${program} is installed (.ci/run installs what these tests need)`, async () => {
    const { stdout, stderr } = await promisify(execFile)(program, [option])
    assert.match(stdout + stderr, /\d+\.\d+/)
  })
}

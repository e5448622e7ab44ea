import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { wellKnownService } from '../../src/index.ts'

interface Published {
  readonly host?: string
  /** A string for one of them. */
  readonly port?: number | string
  readonly domains?: readonly string[]
  readonly aliases?: string | readonly string[]
}

const entry = createRequire(import.meta.url).resolve('nodemailer')
const folder = entry.slice(0, entry.indexOf('dist', entry.lastIndexOf('node_modules')))
const published = JSON.parse(readFileSync(join(folder, 'dist/well-known/services.json'), 'utf8')) as Readonly<
  Record<string, Published>
>

test('every service that nodemailer publishes is known by the same names, aliases and domains', () => {
  for (const [name, { host = 'localhost', port = 587, domains = [], aliases = [] }] of Object.entries(
    published,
  )) {
    const expected = { host, port: Number(port), secure: Number(port) === 465 }
    for (const key of [name, ...[aliases].flat(), ...domains])
      assert.deepEqual(wellKnownService(key), expected, key)
    for (const domain of domains) assert.deepEqual(wellKnownService(`jo@${domain.toUpperCase()}`), expected)
  }
})

test('what is not known is null', () => {
  for (const name of ['', '@', 'nowhere.example', 'jo@', 'constructor', '__proto__']) {
    assert.equal(wellKnownService(name), null)
  }
})

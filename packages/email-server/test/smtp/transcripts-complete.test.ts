// Nothing is without a transcript: every command is said in one, in its place and out of it; every parameter is taken in one and refused in
// one; every extension is offered in one.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../../src/smtp/commands/index.ts'
import { EXTENSIONS } from '../../src/smtp/ext/index.ts'

// from build/test/smtp
const FOLDER = fileURLToPath(new URL('../../../test/transcripts/smtp/', import.meta.url))

interface Exchange {
  readonly said: string
  /** The first line that came back; '' when the client goes on talking. */
  readonly heard: string
}

const texts = readdirSync(FOLDER).map(file => readFileSync(join(FOLDER, file), 'utf8'))
const exchanges: Exchange[] = texts.flatMap(text => {
  const lines = text.split('\n')
  return lines.flatMap((line, i) => {
    if (!line.startsWith('C: ')) return []
    // pipelined: the reply of the first command is the first of the replies, and so on
    const ahead = lines.slice(0, i).reverse()
    const before = ahead.findIndex(each => !each.startsWith('C:'))
    const replies = lines.slice(i).filter(each => /^S: (?:\d{3} |<<)/.test(each))
    return [{ said: line.slice(3), heard: replies[before]?.slice(3) ?? '' }]
  })
})

function heardAfter(said: RegExp): string[] {
  return exchanges.filter(exchange => said.test(exchange.said)).map(({ heard }) => heard)
}

/** But for those of other protocols, which end the session; POST and PROXY stand for them. */
const commands = [...COMMANDS, ...EXTENSIONS.flatMap(extension => extension.commands ?? [])].filter(
  ({ name, unlisted }) => unlisted !== true || name === 'POST' || name === 'PROXY',
)
const EVERYWHERE = ['fresh', 'ready', 'envelope', 'chunks']

for (const { name, states } of commands) {
  test(`${name} is said in a transcript`, () => {
    assert.ok(heardAfter(new RegExp(`^${name}\\b`, 'i')).length > 0)
  })

  if (EVERYWHERE.every(state => (states as readonly string[]).includes(state))) continue
  test(`${name} is said where it has no place in a transcript`, () => {
    const heard = heardAfter(new RegExp(`^${name}\\b`, 'i'))
    assert.ok(
      heard.some(line => /^50[23] /.test(line)),
      heard.join('\n'),
    )
  })
}

for (const extension of EXTENSIONS) {
  test(`${extension.name} is offered in a transcript`, () => {
    assert.ok(texts.some(text => new RegExp(`^S: 250[ -]${extension.name}\\b`, 'm').test(text)))
  })

  const params = [
    ...(extension.mailParams ?? []).map(({ keyword }) => ['MAIL', keyword] as const),
    ...(extension.rcptParams ?? []).map(({ keyword }) => ['RCPT', keyword] as const),
  ]
  for (const [command, keyword] of params) {
    test(`${keyword} of ${command} is taken in a transcript, and refused in one`, () => {
      const heard = heardAfter(new RegExp(`^${command} .* ${keyword}\\b`, 'i'))
      assert.ok(
        heard.some(line => line.startsWith('250')),
        heard.join('\n'),
      )
      assert.ok(
        heard.some(line => /^5\d\d/.test(line)),
        heard.join('\n'),
      )
    })
  }
}

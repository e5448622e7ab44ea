// ENHANCEDSTATUSCODES (RFC 2034 §4): every reply of 2xx, 4xx and 5xx has a code of its class, save those to EHLO and HELO and the
// greeting; nothing else has one.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../../src/smtp/commands/index.ts'
import { EXTENSIONS } from '../../src/smtp/ext/index.ts'
import { OUT_OF_PLACE } from '../../src/smtp/state.ts'
import { harness } from './support.ts'

// from build/test/smtp
const SOURCE = fileURLToPath(new URL('../../../src/smtp/', import.meta.url))

test('every reply that stands in the source has the code of its class', () => {
  let found = 0
  for (const file of readdirSync(SOURCE, { recursive: true }) as string[]) {
    if (!file.endsWith('.ts') || file.startsWith('client')) continue
    const text = readFileSync(join(SOURCE, file), 'utf8')
    for (const [all, code, enhanced] of text.matchAll(/\breply\((\d{3}),\s*(null|'[^']*')/g)) {
      found++
      const bare = code!.startsWith('3') || code === '220' || (code === '250' && file.endsWith('hello.ts'))
      if (enhanced === 'null') assert.ok(bare, `${file}: ${all}`)
      else assert.match(enhanced!, new RegExp(`^'${code![0]}\\.\\d{1,3}\\.\\d{1,3}'$`), `${file}: ${all}`)
    }
  }
  assert.ok(found > 50, `${found} replies`)
})

test('what is malformed and what is out of place has its code too', () => {
  for (const value of Object.values(OUT_OF_PLACE)) assert.match(value.enhanced ?? '', /^5\.5\.1$/)
  for (const { malformed } of [...COMMANDS, ...EXTENSIONS.flatMap(({ commands }) => commands ?? [])]) {
    if (malformed) assert.match(malformed.enhanced ?? '', /^5\.\d+\.\d+$/)
  }
})

test('on the wire: every command in every state, with and without an argument', async () => {
  const ways: readonly (readonly string[])[] = [
    [],
    ['EHLO x'],
    ['EHLO x', 'MAIL FROM:<>'],
    ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<bob@example.test>'],
    ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<bob@example.test>', 'BDAT 0'],
  ]
  const verbs = [...COMMANDS, ...EXTENSIONS.flatMap(({ commands }) => commands ?? [])].map(({ name }) => name)
  for (const way of ways) {
    for (const verb of [...verbs, 'XYZZY', '']) {
      for (const argument of ['', ' x', ' FROM:<a@x.example>', ' TO:<bob@example.test>', ' 0 LAST']) {
        const h = harness()
        for (const line of way) await h.say(line)
        h.driver.takeText()
        const said = (await h.say(`${verb}${argument}`)).replace(/^220 mx[^\r]*\r\n/, '')
        for (const line of said.split('\r\n').slice(0, -1)) {
          if (verb === 'EHLO' || verb === 'HELO') continue
          assert.match(
            line,
            /^(?:354 |([245])\d\d[ -]\1\.\d+\.\d+ )/,
            `${way.join(' / ')} / ${verb}${argument}`,
          )
        }
      }
    }
  }
})

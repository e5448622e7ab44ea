// The bar: drawn on a terminal, not too often, and taken away at the end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProgressBar } from '../src/progress.ts'

function terminal(isTTY: boolean): { readonly said: string[]; isTTY: boolean; write(text: string): void } {
  const said: string[] = []
  return { said, isTTY, write: text => void said.push(text) }
}

test('on a terminal there is a bar, at most ten times a second, and nothing of it at the end', () => {
  const screen = terminal(true)
  let now = 1000
  const bar = new ProgressBar(screen, () => now)
  bar.show(0, 3, 'nothing yet')
  bar.show(1, 3, 'too soon')
  now += 100
  bar.show(2, 3, 'more')
  now += 100
  bar.show(4, 3, 'beyond')
  now += 100
  bar.show(0, 0, 'all of nothing')
  assert.deepEqual(
    screen.said.map(line => line.trimEnd()),
    [
      '\r[..............................]   0 %  nothing yet',
      '\r[####################..........]  66 %  more',
      '\r[##############################] 100 %  beyond',
      '\r[##############################] 100 %  all of nothing',
    ],
  )
  assert.equal(screen.said[1]!.length, screen.said[0]!.length, 'what was longer is written over')
  bar.clear()
  assert.equal(screen.said.at(-1), `\r${' '.repeat(screen.said[3]!.trimEnd().length - 1)}\r`)
  bar.clear()
  assert.equal(screen.said.length, 5)
})

test('elsewhere there is none', () => {
  const file = terminal(false)
  const bar = new ProgressBar(file)
  bar.show(1, 2, 'half')
  bar.clear()
  assert.deepEqual(file.said, [])
})

// The published ARC validation suite, read from VECTORS_DIR. Four names in it stand for two cases each: all 175 are run.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { arcVerify } from '../../src/trust/arc/index.ts'
import { message, zone } from './kit.ts'

interface Case {
  readonly name: string
  readonly message: string
  readonly cv: string
}

interface Scenario {
  readonly cases: readonly Case[]
  readonly zone: Readonly<Record<string, string>>
}

/** As much of YAML as the suite uses, without losing the cases that have the name of another. */
function readSuite(text: string): Scenario[] {
  return text.split(/^---.*\n/m).map(part => {
    const [tests = '', records = ''] = part.split(/^txt-records:.*\n/m)
    const cases = tests
      .split(/^(?= {2}\w+:[ \t]*\n)/m)
      .slice(1)
      .map(each => ({
        name: /^ {2}(\w+):/.exec(each)![1]!,
        message: block(each, /^ {4}message: +\|[^\n]*\n/m, ' {6}'),
        cv: (/^ {4}cv: *(\w*)/m.exec(each)![1] ?? '').toLowerCase(),
      }))
    const zone: Record<string, string> = {}
    for (const record of records.split(/^(?= {2}\S)/m)) {
      const name = /^ {2}(\S+): >-/.exec(record)?.[1]
      if (name !== undefined) zone[name] = record.split('\n').slice(1).join(' ').replace(/ +/g, ' ').trim()
    }
    return { cases, zone }
  })
}

/** A literal block: its lines without their indentation, one line end at the end. */
function block(text: string, start: RegExp, indent: string): string {
  const found = start.exec(text)!
  const lines: string[] = []
  for (const line of text.slice(found.index + found[0].length).split('\n')) {
    if (line.trim() !== '' && !new RegExp(`^${indent}`).test(line)) break
    lines.push(line.slice(6))
  }
  return `${lines.join('\n').replace(/\n+$/, '')}\n`
}

const path = join(
  process.env['VECTORS_DIR'] ?? join(process.cwd(), '../shared/vectors'),
  'arc/arc-validation-tests.yml',
)

if (!existsSync(path))
  test('the ARC suite is not run: VECTORS_DIR has no arc/arc-validation-tests.yml', () => {})
else {
  const suite = readSuite(readFileSync(path, 'utf8'))

  test('the suite has 175 cases', () => {
    assert.equal(
      suite.reduce((count, { cases }) => count + cases.length, 0),
      175,
    )
  })

  describe('the ARC suite', () => {
    for (const scenario of suite) {
      for (const each of scenario.cases) {
        test(each.name, async () => {
          const found = await arcVerify(message(each.message), { resolver: zone(scenario.zone) })
          // Where the suite leaves the status empty, §5.2 step 3 leaves no choice: there is a seal with cv=fail.
          assert.equal(found.result, each.cv === '' ? 'fail' : each.cv, found.reason)
        })
      }
    }
  })
}

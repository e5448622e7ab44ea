// Published messages, malformed ones too: they parse without failure, whole and in pieces, and everything can be read.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { extractMessageMetadata, parseMessage, SearchableMessage, scanMessage } from '../../src/mime/index.ts'
import { scanInPieces } from './helpers.ts'

const root = join(process.env['VECTORS_DIR'] ?? join(process.cwd(), '../shared/vectors'), 'mime')

test('published messages parse, and everything of them can be read', {
  skip: !existsSync(root) && `no vectors in ${root}`,
}, () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.eml'))
  assert.ok(files.length > 0)
  for (const name of files) {
    const raw = readFileSync(join(root, name))
    const tree = scanMessage(raw)
    assert.deepEqual(scanInPieces(raw, [5]), tree, name)
    const metadata = extractMessageMetadata(raw)
    assert.ok(metadata.preview.length <= 400, name)
    assert.ok(JSON.stringify(parseMessage(raw)).length > 0, name)
    assert.ok([...new SearchableMessage(raw, tree).texts()].length > 0 || raw.length === 0, name)
  }
})

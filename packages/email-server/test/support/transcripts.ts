// The transcripts of one protocol as tests: each is replayed whole, byte by byte and cut at every point.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseTranscript, type ReplayOptions, replayEveryWay, type Setup } from '../../src/testing/index.ts'

// from build/test/support
const ROOT = fileURLToPath(new URL('../../../test/transcripts/', import.meta.url))

/** Registers one test for every transcript in `test/transcripts/<protocol>`. */
export function testTranscripts(
  protocol: 'smtp' | 'smtp-client' | 'imap' | 'imap-client' | 'pop3',
  setup: Setup,
  options: ReplayOptions = {},
): void {
  const folder = join(ROOT, protocol)
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.txt')) continue
    const transcript = parseTranscript(readFileSync(join(folder, file), 'utf8'), `${protocol}/${file}`)
    test(`${protocol}/${file}: ${transcript.title}`, () => replayEveryWay(transcript, setup, options))
  }
}

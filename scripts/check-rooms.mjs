// Keeps the walls of the house (docs/architecture.md): `node scripts/check-rooms.mjs [--verbose] [--root DIR] [--source-only]`.
// Prints each violation as path:line, and ends with 1 when there is one. Reads the source and, unless told otherwise, the
// built files of the last `npm run build`.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { OUTPUT_RULES } from './rooms/output-rules.mjs'
import { scan } from './rooms/scan.mjs'
import { longFiles, SOURCE_RULES } from './rooms/source-rules.mjs'

const args = process.argv.slice(2)
const rootAt = args.indexOf('--root')
const root = rootAt === -1 ? dirname(dirname(fileURLToPath(import.meta.url))) : args[rootAt + 1]

const files = []
const manifests = new Map()
for (const name of readdirSync(join(root, 'packages'))) {
  const manifest = join(root, 'packages', name, 'package.json')
  if (!existsSync(manifest)) continue
  const parsed = JSON.parse(readFileSync(manifest, 'utf8'))
  manifests.set(parsed.name, parsed)
  const src = `packages/${name}/src`
  for (const inSrc of readdirSync(join(root, src), { recursive: true }).sort()) {
    if (!inSrc.endsWith('.ts') || inSrc.endsWith('.d.ts')) continue
    const path = `${src}/${inSrc}`
    const room = inSrc.includes('/') ? inSrc.slice(0, inSrc.indexOf('/')) : ''
    files.push({ ...scan(readFileSync(join(root, path), 'utf8')), package: name, path, inSrc, room })
  }
}

let violations = 0
const report = rule => (place, line, text) => {
  violations++
  console.error(`${place.path ?? place}:${line}: ${text} (${rule})`)
}
for (const [rule, check] of Object.entries(SOURCE_RULES)) check({ files, manifests }, report(rule))
if (!args.includes('--source-only')) {
  for (const [rule, check] of Object.entries(OUTPUT_RULES)) check(root, report(rule))
}
if (args.includes('--verbose')) for (const hint of longFiles(files)) console.log(hint)

if (violations > 0) {
  console.error(`${violations} ${violations === 1 ? 'violation' : 'violations'} of the rules of the house`)
  process.exitCode = 1
} else {
  console.log(`${files.length} files keep the rules of the house`)
}

// Reads a whole checkout once and holds every rule against it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path/posix'
import { OUTPUT_RULES } from './output-rules.mjs'
import { scan } from './scan.mjs'
import { longFiles, SOURCE_RULES } from './source-rules.mjs'

/** @returns {{ violations: string[], hints: string[], files: number }} */
export function checkHouse(root) {
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

  const violations = []
  const report = rule => (place, line, text) => {
    violations.push(`${place.path ?? place}:${line}: ${text} (${rule})`)
  }
  for (const [rule, check] of Object.entries(SOURCE_RULES)) check({ files, manifests }, report(rule))
  for (const [rule, check] of Object.entries(OUTPUT_RULES)) check(root, report(rule))
  return { violations, hints: longFiles(files), files: files.length }
}

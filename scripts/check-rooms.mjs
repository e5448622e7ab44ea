// Keeps the walls of the house (docs/architecture.md): `node scripts/check-rooms.mjs [--verbose] [--root DIR]`. Reads the
// source and the files of the last `npm run build`; prints each violation as path:line, and ends with 1 when there is one.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkHouse } from './rooms/house.mjs'

const args = process.argv.slice(2)
const rootAt = args.indexOf('--root')
const root = rootAt === -1 ? dirname(dirname(fileURLToPath(import.meta.url))) : args[rootAt + 1]

const { violations, hints, files } = checkHouse(root)
for (const violation of violations) console.error(violation)
if (args.includes('--verbose')) for (const hint of hints) console.log(hint)
if (violations.length > 0) {
  console.error(`${violations.length} violations of the rules of the house`)
  process.exitCode = 1
} else {
  console.log(`${files} files keep the rules of the house`)
}

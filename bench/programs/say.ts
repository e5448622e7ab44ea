// Imports what it is told, says its CPU time with its first byte, and ends.
import { writeSync } from 'node:fs'

const [name] = process.argv.slice(2)
if (name !== undefined) await import(name)
writeSync(1, JSON.stringify(process.cpuUsage()))

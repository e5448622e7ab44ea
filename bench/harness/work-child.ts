// The process in which a computing contender works: `node work-child.js MODULE EXPORT`.
import { pathToFileURL } from 'node:url'
import { serve } from './child.ts'

const [module, exported] = process.argv.slice(2)
const functions: Record<string, () => number | Promise<number>> = await import(pathToFileURL(module!).href)
serve(0, functions[exported!])

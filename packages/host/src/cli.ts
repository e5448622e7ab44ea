#!/usr/bin/env node
// `npm start`: reads the command line, runs the server until it is told to stop.
import { readFileSync } from 'node:fs'
import { type HostOptions, readCommandLine, usage } from './options.ts'
import { type RunningHost, serve } from './serve.ts'
import { startText } from './table.ts'

await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  let host: RunningHost
  let options: HostOptions | 'help' | 'version'
  try {
    options = readCommandLine(args)
    if (options === 'help' || options === 'version') {
      console.log(options === 'help' ? usage() : version())
      return
    }
    host = await serve(options)
  } catch (error) {
    // whatever is wrong with the options, the ports or the directory: one line, no stack
    console.error(`email-server: ${(error as Error).message.split('\n', 1)[0]}`)
    process.exitCode = 1
    return
  }
  // nothing but the listeners keeps the process alive, and they are gone when it has closed
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1)
      stopping = true
      console.log('stopping: saying goodbye to open sessions')
      host.close().then(
        () => process.exit(0),
        error => {
          console.error(`email-server: ${(error as Error).message}`)
          process.exit(1)
        },
      )
    })
  }
  console.log(startText(options, host, version()))
}

function version(): string {
  const file = new URL('../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

#!/usr/bin/env node
// `npm start`: reads the command line, runs the server until it is told to stop; or one of the commands beside it.
import { readFileSync } from 'node:fs'
import { commandUsage, isCommand, readCommand } from './command-line.ts'
import { runCommand } from './commands.ts'
import { type HostOptions, readCommandLine, usage } from './options.ts'
import { type RunningHost, serve } from './serve.ts'
import { startText } from './table.ts'

await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  if (isCommand(args[0]) && !args.includes('--help') && !args.includes('-h')) {
    await command(args)
    return
  }
  let host: RunningHost
  let options: HostOptions | 'help' | 'version'
  try {
    options = readCommandLine(isCommand(args[0]) ? ['--help'] : args)
    if (options === 'help' || options === 'version') {
      console.log(options === 'help' ? `${usage()}\n\n${commandUsage()}` : version())
      return
    }
    host = await serve(options, version())
  } catch (error) {
    complain(error)
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

async function command(args: readonly string[]): Promise<void> {
  const controller = new AbortController()
  const stop = (): void => controller.abort(new Error('stopped; the same command goes on where it was'))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const { ok, text } = await runCommand(readCommand(args), {
      terminal: process.stderr,
      signal: controller.signal,
    })
    console.log(text)
    if (!ok) process.exitCode = 1
  } catch (error) {
    complain(error)
  }
}

/** Whatever is wrong with the options, the ports or the directory: one line, no stack. */
function complain(error: unknown): void {
  console.error(`email-server: ${(error as Error).message.split('\n', 1)[0]}`)
  process.exitCode = 1
}

function version(): string {
  const file = new URL('../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

// Passwords and keys: from a file, from the environment, or asked for at the terminal; never from the command line, which everybody on the machine
// can read.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

export interface SecretSources {
  /** Its first line; null: no file. */
  readonly file: string | null
  /** The variable that has it. */
  readonly variable: string
  /** What is asked for, as `Password of alice@example.com`. */
  readonly question: string
}

/** Throws an error that is one line for the person. */
export async function readSecret({ file, variable, question }: SecretSources): Promise<string> {
  if (file !== null) {
    const [line = ''] = (await readFile(file, 'utf8')).split(/\r?\n/, 1)
    if (line === '') throw new Error(`${file} has no password in its first line`)
    return line
  }
  const value = process.env[variable]
  if (value !== undefined && value !== '') return value
  if (!process.stdin.isTTY) {
    throw new Error(
      `no password: --password-file FILE or the variable ${variable} gives it where there is no terminal`,
    )
  }
  return ask(question)
}

/** What is typed is not shown. */
function ask(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  process.stderr.write(`${question}: `)
  return new Promise((resolve, reject) => {
    lines.once('line', line => {
      resolve(line)
      lines.close()
    })
    lines.once('close', () => {
      process.stderr.write('\n')
      reject(new Error('no password was given'))
    })
  })
}

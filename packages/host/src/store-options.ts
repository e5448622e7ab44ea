// Where mail is kept: options of the server and of every command beside it. Keys of a bucket are in the environment or in a file, as Amazon's
// own programs have them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, type Store, type StoreOptions } from '@email-server/store'
import { CommandLineError } from './command-line-error.ts'

export const STORE_OPTIONS = {
  store: { type: 'string' },
  bodies: { type: 'string' },
  's3-endpoint': { type: 'string' },
  's3-region': { type: 'string' },
  's3-credentials': { type: 'string' },
} as const

export type StoreValues = { readonly [K in keyof typeof STORE_OPTIONS]?: string | undefined }

export interface StorePlace {
  /** `postgres://…`; null: SQLite, in the directory of the data. */
  readonly url: string | null
  readonly options: StoreOptions
}

export function storeUsage(): string[] {
  return [
    `  --${'store URL'.padEnd(26)} keep mail in PostgreSQL (postgres://USER:PASSWORD@HOST/DATABASE), which several processes may share;`,
    `    ${''.padEnd(26)} large messages stay in DIR/bodies, which they share as well; PGPASSWORD hides the password from other users`,
    `  --${'bodies s3://BUCKET/PREFIX'.padEnd(26)} keep large messages in a bucket`,
    `  --${'s3-endpoint URL'.padEnd(26)} its service (default: Amazon's)`,
    `  --${'s3-region NAME'.padEnd(26)} (default: AWS_REGION, else us-east-1)`,
    `  --${'s3-credentials FILE'.padEnd(26)} keys, as in ~/.aws/credentials (default: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)`,
  ]
}

/** Throws a CommandLineError. */
export function storePlace(
  values: StoreValues,
  env: Readonly<Record<string, string | undefined>> = process.env,
): StorePlace {
  const url = values.store ?? null
  if (url !== null && !/^postgres(?:ql)?:\/\//.test(url)) {
    throw new CommandLineError('--store wants postgres://USER:PASSWORD@HOST/DATABASE')
  }
  return { url, options: bodiesOptions(values, env) }
}

/** @param data a directory that exists */
export function openAt(data: string, { url, options }: StorePlace): Promise<Store> {
  return url === null
    ? openStore(`sqlite:${data}`, options)
    : openStore(url, { bodies: join(data, 'bodies'), ...options })
}

function bodiesOptions(values: StoreValues, env: Readonly<Record<string, string | undefined>>): StoreOptions {
  const { bodies } = values
  if (bodies === undefined) {
    const stray = Object.keys(STORE_OPTIONS).find(
      name => name.startsWith('s3-') && values[name as keyof StoreValues] !== undefined,
    )
    if (stray) throw new CommandLineError(`--${stray} goes with --bodies`)
    return {}
  }
  const endpoint = values['s3-endpoint']
  const region = values['s3-region'] ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  const file = values['s3-credentials']
  const keys = file === undefined ? keysOf(env) : keysIn(file)
  return { bodies, s3: { ...(endpoint !== undefined && { endpoint }), region, ...keys } }
}

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

function keysOf(env: Readonly<Record<string, string | undefined>>): Keys {
  const keys = made(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN'])
  if (keys) return keys
  throw new CommandLineError(
    '--bodies wants keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or --s3-credentials FILE',
  )
}

/** The section `[default]`, or lines before any section. */
function keysIn(file: string): Keys {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandLineError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  const found = new Map<string, string>()
  let section = 'default'
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[([^\]]*)\]/.exec(line)
    if (head) section = head[1]!.trim()
    const at = line.indexOf('=')
    if (section === 'default' && at > 0) found.set(line.slice(0, at).trim(), line.slice(at + 1).trim())
  }
  const keys = made(
    found.get('aws_access_key_id'),
    found.get('aws_secret_access_key'),
    found.get('aws_session_token'),
  )
  if (keys) return keys
  throw new CommandLineError(`${file} has no aws_access_key_id and aws_secret_access_key`)
}

function made(id: string | undefined, secret: string | undefined, token: string | undefined): Keys | null {
  if (!id || !secret) return null
  return { accessKeyId: id, secretAccessKey: secret, ...(token && { sessionToken: token }) }
}

// Large bodies in a bucket of an S3-compatible service, under `prefix/ab/ab12…`: the same names as the files have, so that
// tools which copy a directory into a bucket, or back, move a store. An upload carries its SHA-256, which the service checks;
// when it has answered 200 the body is as safe as the service is.
import { createHash } from 'node:crypto'
import type { AwsClient } from 'aws4fetch'
import type { MessageBody } from 'email-server/mailbox'
import { openError } from '../errors.ts'
import { type BodyPlace, isHash, type PlacedBody } from './body-place.ts'
import type { S3Options } from './s3-options.ts'

/** Bodies up to this size are read at once; longer ones are streamed. */
const READ_AT_ONCE = 256 * 1024
const BEGUN_WITHIN_MS = 60_000
const TIMEOUT_MS = 30_000
/** What fails at first is tried again after so many ms each; then it is a failure of storage. */
const AGAIN_AFTER_MS: readonly number[] = [100, 400]
/** What the service may say about a failure, or when nothing is to be said, octets. */
const REASON_LIMIT = 64 * 1024
/** A list of a thousand objects has about a tenth of it. */
const LIST_LIMIT = 4 * 1024 * 1024

/** The service fails. `code` makes it a failure of storage like those of disks: clients are told to try again. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly code: 'ES3DOWN' | 'ES3REFUSED' | 'ES3MISSING'

  constructor(code: S3Error['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/**
 * Throws ECONFIG when the URL or an option is wrong; asks the service nothing.
 *
 * @param owner whose bodies are there: what another owner has written to is left alone
 */
export async function openBucket(
  url: string,
  options: S3Options | undefined,
  owner: string,
): Promise<S3Bucket> {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/(?!\.)[A-Za-z0-9_.-]+)*)\/?$/.exec(url)
  if (!match) throw openError(`bodies are kept in s3://BUCKET/PREFIX, not in ${JSON.stringify(url)}`)
  for (const name of ['region', 'accessKeyId', 'secretAccessKey'] as const) {
    if (typeof options?.[name] !== 'string' || options[name] === '') {
      throw openError(`option s3.${name} is needed to keep bodies in ${url}`)
    }
  }
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken, timeout = TIMEOUT_MS } = options!
  if (!(Number.isFinite(timeout) && timeout > 0)) {
    throw openError(`option s3.timeout must be a number of milliseconds above 0, not ${timeout}`)
  }
  const [, bucket = '', prefix = ''] = match
  const base = endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com` : endpointUrl(endpoint)
  const { AwsClient } = await import('aws4fetch')
  return new S3Bucket({
    owner,
    client: new AwsClient({
      accessKeyId,
      secretAccessKey,
      region,
      service: 's3',
      ...(sessionToken !== undefined && { sessionToken }),
    }),
    bucketUrl: endpoint === undefined ? base : `${base}/${bucket}`,
    prefix: prefix === '' ? '' : `${prefix.slice(1)}/`,
    timeout,
  })
}

function endpointUrl(endpoint: string): string {
  let url: URL | null = null
  try {
    url = new URL(endpoint)
  } catch {
    // told below
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '') {
    throw openError(`option s3.endpoint must be an http or https URL, not ${JSON.stringify(endpoint)}`)
  }
  return url.href.replace(/\/$/, '')
}

interface BucketParts {
  /** Tells this store from others. */
  readonly owner: string
  readonly client: AwsClient
  /** Without a slash at its end. */
  readonly bucketUrl: string
  /** '' or with a slash at its end. */
  readonly prefix: string
  readonly timeout: number
}

type Ask = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  readonly body?: Uint8Array
  readonly hash?: string
}

export class S3Bucket implements BodyPlace {
  readonly #parts: BucketParts
  #claimed: Promise<void> | null = null

  constructor(parts: BucketParts) {
    this.#parts = parts
  }

  async put(hash: string, content: Uint8Array): Promise<void> {
    await this.#claim()
    await this.#ask(this.#urlOf(hash), { method: 'PUT', body: content, hash }, drop)
  }

  has(hash: string): Promise<boolean> {
    return this.#ask(this.#urlOf(hash), { method: 'HEAD' }, async response => response.ok, [404])
  }

  read(hash: string): Promise<MessageBody> {
    return this.#ask(this.#urlOf(hash), { method: 'GET' }, async (response, begun) => {
      const length = Number(response.headers.get('content-length') ?? Number.NaN)
      if (!(length > READ_AT_ONCE && response.body)) return bytesOf(response, READ_AT_ONCE)
      begun()
      return { length, stream: piecesOf(response.body as unknown as ReadableBody) }
    })
  }

  async remove(hash: string): Promise<void> {
    await this.#claim()
    await this.#ask(this.#urlOf(hash), { method: 'DELETE' }, drop, [404])
  }

  async *list(): AsyncIterable<PlacedBody> {
    const { bucketUrl, prefix } = this.#parts
    let token: string | null = null
    do {
      const query = new URLSearchParams({ 'list-type': '2', prefix })
      if (token !== null) query.set('continuation-token', token)
      const text = await this.#ask(`${bucketUrl}?${query}`, { method: 'GET' }, each =>
        textOf(each, LIST_LIMIT),
      )
      for (const [, object = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const hash = element(object, 'Key').slice(prefix.length + 3)
        if (!isHash(hash)) continue
        yield {
          hash,
          size: Number(element(object, 'Size')),
          modifiedAt: Date.parse(element(object, 'LastModified')),
        }
      }
      const next = element(text, 'NextContinuationToken')
      token = next === '' ? null : next
    } while (token !== null)
  }

  /** Two stores in one place would remove each other's bodies: so the first puts its name there, and the second finds it. */
  #claim(): Promise<void> {
    this.#claimed ??= this.#findOwner().catch(error => {
      this.#claimed = null // another time
      throw error
    })
    return this.#claimed
  }

  async #findOwner(): Promise<void> {
    const { bucketUrl, prefix, owner } = this.#parts
    const url = `${bucketUrl}/${prefix}owner`
    const read = async (response: Response): Promise<{ status: number; found: string }> => ({
      status: response.status,
      found: await textOf(response, REASON_LIMIT),
    })
    const { status, found } = await this.#ask(url, { method: 'GET' }, read, [404])
    if (status === 404) {
      if (element(found, 'Code') === 'NoSuchBucket')
        throw new S3Error('ES3REFUSED', 'there is no such bucket')
      const body = Buffer.from(owner)
      const hash = createHash('sha256').update(body).digest('hex')
      await this.#ask(url, { method: 'PUT', body, hash }, drop)
    } else if (found !== owner) {
      throw new S3Error('ES3REFUSED', `${url} says that another store keeps its bodies there`)
    }
  }

  #urlOf(hash: string): string {
    const { bucketUrl, prefix } = this.#parts
    return `${bucketUrl}/${prefix}${hash.slice(0, 2)}/${hash}`
  }

  /** What `read` makes of the answer, when it is good or its status is one of `also`. */
  async #ask<T>(url: string, ask: Ask, read: Read<T>, also: readonly number[] = []): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(url, ask, async (response, begun) => {
          if (response.ok || also.includes(response.status)) return read(response, begun)
          throw await refusal(response)
        })
      } catch (error) {
        const pause = AGAIN_AFTER_MS[attempt]
        if (!(error instanceof S3Error) || error.code !== 'ES3DOWN' || pause === undefined) throw error
        await new Promise(resolve => setTimeout(resolve, pause))
      }
    }
  }

  /** The time limit is for all of it, up to `begun()`. */
  async #once<T>(url: string, { method, body, hash }: Ask, read: Read<T>): Promise<T> {
    const { client, timeout } = this.#parts
    const controller = new AbortController()
    const ms = timeout + ((body?.length ?? 0) / 65_536) * 1000
    const timer = setTimeout(() => controller.abort(new Error(`no answer within ${Math.round(ms)} ms`)), ms)
    try {
      const signed = await client.sign(url, {
        method,
        // Without the body: to sign it the library would copy and hash it once more, and the hash is known.
        headers: { 'x-amz-content-sha256': hash ?? EMPTY_HASH },
      })
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        signal: controller.signal,
        redirect: 'manual',
        ...(body && { body: body as Uint8Array<ArrayBuffer> }),
      })
      return await read(response, () => clearTimeout(timer))
    } catch (error) {
      if (error instanceof S3Error) throw error
      throw new S3Error('ES3DOWN', `the bucket cannot be reached: ${reasonOf(error)}`, error)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Reads an answer; after `begun()` there is no time limit any more. */
type Read<T> = (response: Response, begun: () => void) => Promise<T>

/** SHA-256 of nothing. */
const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Of what fetch throws, the cause says more. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: unknown; message?: string }
  return cause instanceof Error && cause.message !== '' ? cause.message : String(message)
}

async function refusal(response: Response): Promise<S3Error> {
  const { status } = response
  const text = await textOf(response, REASON_LIMIT).catch(() => '')
  const reason = [element(text, 'Code'), element(text, 'Message')].filter(part => part !== '').join(': ')
  const message = `the bucket answers ${status}${reason === '' ? '' : ` (${reason})`}`
  if (status === 404 && element(text, 'Code') !== 'NoSuchBucket') return new S3Error('ES3MISSING', message)
  // 408, 429 and 5xx pass, as a rule soon
  return new S3Error(status >= 500 || status === 408 || status === 429 ? 'ES3DOWN' : 'ES3REFUSED', message)
}

/** The text of the first element of this name, '' when there is none; no names of ours need more of XML than this. */
function element(xml: string, name: string): string {
  const start = xml.indexOf(`<${name}>`)
  if (start < 0) return ''
  const from = start + name.length + 2
  const end = xml.indexOf(`</${name}>`, from)
  return end < 0 ? '' : xml.slice(from, end).replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

/** The connection is free again when the answer has been read. */
async function drop(response: Response): Promise<void> {
  await bytesOf(response, REASON_LIMIT)
}

async function textOf(response: Response, most: number): Promise<string> {
  return Buffer.from(await bytesOf(response, most)).toString('utf8')
}

/** All of the answer, which is not believed when it is longer than it may be. */
async function bytesOf(response: Response, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
      length += piece.length
      if (length > most) throw new S3Error('ES3DOWN', `the bucket answers with more than ${most} octets`)
      pieces.push(piece)
    }
  } catch (error) {
    if (error instanceof S3Error) throw error
    throw new S3Error('ES3DOWN', `the answer of the bucket broke off: ${reasonOf(error)}`, error)
  }
  return Buffer.concat(pieces)
}

type ReadableBody = AsyncIterable<Uint8Array> & { cancel(): Promise<void> }

/** Reading begins soon or never: an answer that nobody has begun to read after a while is let go. */
function piecesOf(body: ReadableBody): AsyncIterable<Uint8Array> {
  const unread = setTimeout(() => {
    body.cancel().catch(() => {}) // nobody is left to be told
  }, BEGUN_WITHIN_MS)
  unread.unref()
  return {
    async *[Symbol.asyncIterator]() {
      clearTimeout(unread)
      try {
        yield* body
      } catch (error) {
        throw new S3Error('ES3DOWN', `the body broke off: ${reasonOf(error)}`, error)
      }
    },
  }
}

// What the tests of trust/ share: the keys of RFC 8463 and RFC 6376, zones as plain objects, messages with CRLF.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { DnsAnswer, DnsFailure } from '../../src/base/runtime.ts'

/** RFC 8463 §A.1. */
export const RFC8463_RSA: string = `-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
`

/** RFC 8463 §A.1, as PKCS #8. */
export const RFC8463_ED25519: KeyObject = createPrivateKey({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=', 'base64'),
  ]),
  format: 'der',
  type: 'pkcs8',
})

export const ED25519_RECORD = 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
export const RSA_RECORD: string = `v=DKIM1; k=rsa; p=${[
  'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/',
  'e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
].join('')}`

/** RFC 8463 §A.2. */
export const RFC8463_ZONE: Zone = {
  'brisbane._domainkey.football.example.com': ED25519_RECORD,
  'test._domainkey.football.example.com': RSA_RECORD,
}

/** A name's texts, or how asking for it fails; names that are not there are NXDOMAIN. */
export type Zone = Readonly<Record<string, string | readonly string[] | { readonly failure: DnsFailure }>>

export interface ZoneResolver {
  /** Every name that was asked for, in order. */
  readonly asked: string[]
  resolve(name: string): Promise<DnsAnswer>
}

export function zone(records: Zone): ZoneResolver {
  const asked: string[] = []
  return {
    asked,
    async resolve(name) {
      asked.push(name)
      const found = records[name]
      if (found === undefined) return { ok: false, failure: 'nxdomain' }
      if (typeof found === 'object' && 'failure' in found) return { ok: false, failure: found.failure }
      return { ok: true, records: [found].flat().map(value => ({ value })) }
    },
  }
}

/** The lines of a text as a message: CRLF at the end of each, UTF-8. */
export function message(text: string): Uint8Array {
  return Buffer.from(text.replace(/\r?\n/g, '\r\n'))
}

/** The bytes in pieces of these sizes, over and over. */
export async function* pieces(bytes: Uint8Array, ...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = Math.max(1, sizes[n % sizes.length] ?? 1)
    // A fresh copy each time, so that nobody relies on what it was given before.
    yield Uint8Array.from(bytes.subarray(at, at + size))
    at += size
  }
}

/** The message of RFC 8463 §A.3 and RFC 6376 §A.2, without signatures. */
export const JOE = `From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`

export const NOW: number = Date.UTC(2026, 0, 1)

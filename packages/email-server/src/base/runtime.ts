// The Runtime port: the only way to the world. `node/` has the real one, `testing/` a virtual one in which days pass in
// milliseconds and a seed replays a failure. Nothing else in the house knows a socket, a timer, a clock or a file.

import type { HandlerWatch } from './handler-watch.ts'

/** A timer that has not fired yet. */
export interface Timer {
  cancel(): void
}

/** What is known of a finished TLS handshake. */
export interface TlsInfo {
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly protocol: string
  /** OpenSSL or IANA name, e.g. `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** The name the client asked for (SNI), null when it asked for none. */
  readonly servername: string | null
  /** True when the peer's certificate was verified. */
  readonly authorized: boolean
  /** Why it was not, in a code of node:tls such as `CERT_HAS_EXPIRED`; null when it was, or when there was none. */
  readonly authorizationError?: string | null
  /** The peer's certificate; null when it showed none. */
  readonly peerCertificate?: PeerCertificate | null
  /** What binds an authentication to this handshake (RFC 9266, RFC 5929); null when this handshake has none of the kind. */
  channelBinding?(type: ChannelBindingType): Uint8Array | null
}

export type ChannelBindingType = 'tls-exporter' | 'tls-unique' | 'tls-server-end-point'

/** A certificate as its holder showed it. */
export interface PeerCertificate {
  /** `CN=…, O=…`, as OpenSSL prints it. */
  readonly subject: string
  readonly issuer: string
  /** The names it is for, as node:tls prints them: `DNS:mx.example.com, IP Address:192.0.2.1`; '' when it has none. */
  readonly subjectAltName: string
  /** ms since the epoch. */
  readonly validFrom: number
  readonly validTo: number
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint256: string
  /** The chain as the peer sent it, its own certificate first; DER. */
  readonly chain: readonly Uint8Array[]
}

/** Options of a TLS endpoint, as node:tls names them; `cert`, `key` and `ca` are PEM. */
export interface TlsOptions {
  readonly cert?: string | Uint8Array | readonly (string | Uint8Array)[]
  readonly key?: string | Uint8Array | readonly (string | Uint8Array)[]
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  readonly passphrase?: string
  readonly ciphers?: string
  /** Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly requestCert?: boolean
  readonly rejectUnauthorized?: boolean
  /** Client only: the name sent as SNI and checked against the certificate. */
  readonly servername?: string
  /** Server only: other options for the name that the client asks for; null keeps these. A rejection ends the handshake. */
  readonly select?: (servername: string) => Promise<TlsOptions | SecureContextLike | null>
}

/** What `tls.createSecureContext` makes. */
export interface SecureContextLike {
  readonly context: unknown
}

/** What a connection tells its owner. Between `open` and `closed`; nothing comes after `closed`. */
export interface ConnectionEvents {
  data(bytes: Uint8Array): void
  /** The peer will send nothing more. */
  end(): void
  /** What was written has left the buffers; `write` may be called again. */
  drain(): void
  /** The TLS handshake that `secure` started has finished. */
  secured(info: TlsInfo): void
  /** The last event, exactly once; `error` says why when it was not an orderly end. */
  closed(error: Error | null): void
}

/** A byte stream to a peer. */
export interface Connection {
  /** IP address in text; IPv4-mapped IPv6 addresses are given as IPv4. */
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Whoever records this connection hears here what its session asks of handlers. Absent: nobody does. */
  readonly watchHandlers?: HandlerWatch | undefined
  /** Starts delivery of events; called once. A connection reads nothing before. */
  open(events: ConnectionEvents): void
  /** Takes the bytes in any case; false asks the caller to wait for `drain`. */
  write(bytes: Uint8Array): boolean
  /** Gives bytes back that came last: they come again, before all others, or are the first of a handshake. While paused only. */
  unread(bytes: Uint8Array): void
  /** Stops and restarts `data`, and with it the peer (TCP flow control). */
  pause(): void
  resume(): void
  /** Begins a TLS handshake over the bare connection; bytes that arrived before are never part of it, but for those of `unread`. */
  secure(side: 'server' | 'client', options: TlsOptions): void
  /** Sends what is left, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export interface ListenOptions {
  /** 0 picks a free port. */
  readonly port: number
  /** Address or host name; all addresses when absent. */
  readonly host?: string
}

export interface Listener {
  readonly address: string
  readonly port: number
  /** Stops accepting; connections that exist go on. */
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly timeoutMs?: number
  /** Our own address, for machines that have several. */
  readonly localAddress?: string
}

/** One HTTPS GET whose answer is wanted whole. Redirects are answers like others, not followed (RFC 8461 §3.3). */
export interface FetchOptions {
  /** `https://…` */
  readonly url: string
  /** For all of it, ms. */
  readonly timeoutMs: number
  /** Octets of the body; a longer one is a failure. */
  readonly maxBytes: number
}

export interface FetchAnswer {
  readonly status: number
  /** `Content-Type` as it came; '' when there was none. */
  readonly contentType: string
  readonly body: Uint8Array
}

/** What a compression tells its owner; nothing comes after `failed`. */
export interface DeflateStreamEvents {
  /** For the transport. False: it is full; `transportDrained` says when it is not. */
  compressed(bytes: Uint8Array): boolean
  /** What the peer has said. */
  inflated(bytes: Uint8Array): void
  /** `compress` said false, and has room again. */
  drained(): void
  /** The peer's bytes are no deflate stream, or a bomb. */
  failed(error: Error): void
}

/** Raw deflate (RFC 1951) in both directions of one connection. Every piece that is compressed can be inflated by the peer at once. */
export interface DeflateStream {
  /** Takes the bytes in any case; false asks the caller to wait for `drained`. */
  compress(bytes: Uint8Array): boolean
  transportDrained(): void
  inflate(bytes: Uint8Array): void
  /** Stops and restarts `inflated`. */
  pause(): void
  resume(): void
  /** Ends our stream; calls `then` when all of it is with the transport. */
  finish(then: () => void): void
  /** Gives back what it holds; safe to call twice. */
  close(): void
}

/** A place for bytes that are too many to hold: append, read back, throw away. */
export interface SpoolFile {
  append(chunk: Uint8Array): Promise<void>
  /** Everything at once. */
  readAll(): Uint8Array
  /** Everything in pieces; may be called more than once. */
  stream(): AsyncIterable<Uint8Array>
  /** Frees the place; safe to call twice. */
  discard(): void
}

export type DnsRecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'TLSA' | 'TXT'

/**
 * One record. `value` is an address, a name without its final dot (the null MX of RFC 7505 has the empty name), the joined strings of
 * a TXT record, or for TLSA the text of RFC 6698 §2.2 with lower-case digits: `3 1 1 d2abde…`.
 */
export interface DnsRecord {
  readonly value: string
  /** MX only: the preference. */
  readonly priority?: number
}

/** Why a look-up has no answer; SPF, DKIM and DMARC treat the four differently. */
export type DnsFailure = 'nxdomain' | 'nodata' | 'servfail' | 'timeout'

/** `ttl`: how long the answer, or the lack of one, may be kept, s; unknown when absent. */
export type DnsAnswer =
  | {
      readonly ok: true
      readonly records: readonly DnsRecord[]
      readonly ttl?: number
      /** True when DNSSEC vouches for the answer, by the word of a resolver that we trust. */
      readonly ad?: boolean
    }
  | { readonly ok: false; readonly failure: DnsFailure; readonly ttl?: number; readonly ad?: boolean }

export interface Runtime {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `fire` once after `delayMs`, unless cancelled. A timer keeps the process alive. */
  setTimer(delayMs: number, fire: () => void): Timer
  /** `length` random bytes, fit for keys and nonces. */
  random(length: number): Uint8Array
  /** Never rejects. */
  resolve(name: string, type: DnsRecordType): Promise<DnsAnswer>
  /** Rejects with a MailError (`ECONNECTION`) when the port cannot be had. */
  listen(options: ListenOptions, accept: (connection: Connection) => void): Promise<Listener>
  /** A bare connection; `secure` follows for TLS. Rejects with a MailError (`ECONNECTION`, `ETIMEDOUT`). */
  connect(options: ConnectOptions): Promise<Connection>
  /**
   * The certificate is always verified. Rejects with a MailError: `ETLS` for the certificate, `ETIMEDOUT`, `ELIMIT` for a body beyond
   * `maxBytes`, `ECONNECTION` for the rest. Absent: there is no HTTPS in this world.
   */
  fetch?(options: FetchOptions): Promise<FetchAnswer>
  /** Absent: there is no compression in this world. */
  deflate?(events: DeflateStreamEvents): DeflateStream
  openSpool(): Promise<SpoolFile>
  /** Throws when these options cannot make a TLS endpoint (a certificate that cannot be read, a key that is not its own). */
  checkTls(options: TlsOptions): void
  /** Where failures go that nobody else can be told; never passwords or message text. */
  warn(message: string, error?: unknown): void
}

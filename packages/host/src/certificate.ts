// The self-signed certificate: made at the first start and kept, so that a mail client has to be told once to trust it.
import { X509Certificate } from 'node:crypto'
import { chmod, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Certificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
  /** SHA-256, as mail clients show it. */
  readonly fingerprint: string
  readonly file: string
}

const VALID_DAYS = 825
const DAY_MS = 86_400_000

/** Reads `certificate.pem` and `key.pem` in `directory`, or makes them when they are missing or run out. */
export async function certificateIn(directory: string, hostname: string): Promise<Certificate> {
  const certFile = join(directory, 'certificate.pem')
  const keyFile = join(directory, 'key.pem')
  let cert = await readIfThere(certFile)
  let key = await readIfThere(keyFile)
  if (cert === null || key === null || Date.parse(new X509Certificate(cert).validTo) < Date.now() + DAY_MS) {
    ;({ cert, key } = await makeCertificate(hostname))
    await writeWhole(keyFile, key)
    await writeWhole(certFile, cert)
  }
  return { cert, key, fingerprint: new X509Certificate(cert).fingerprint256, file: certFile }
}

async function makeCertificate(hostname: string): Promise<{ cert: string; key: string }> {
  // loaded only at the first start: it takes longer than the rest of the program
  const { generate } = await import('selfsigned')
  const made = await generate([{ name: 'commonName', value: hostname }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: hostname },
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Never leaves half a file, and never one that others can read. */
async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.new`
  await writeFile(draft, text, { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, file)
}

// Certificates for tests: a fixed one, and new ones.
import { generate } from 'selfsigned'

// A certificate for mail.example.test and localhost, self-signed, for tests only; valid until 2120.
export const TEST_CERT: string = `-----BEGIN CERTIFICATE-----
MIIBbjCCAROgAwIBAgIJRf2ka7j2svE0MAoGCCqGSM49BAMCMBwxGjAYBgNVBAMT
EW1haWwuZXhhbXBsZS50ZXN0MCAXDTI2MTEyMzE3MjEyOVoYDzIxMjAwMTAxMDAw
MDAwWjAcMRowGAYDVQQDExFtYWlsLmV4YW1wbGUudGVzdDBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABEqMDSU0BKBgrbUxkgMNNpjnf+RtFH+rWOz1d/zdZLKztuJK
gs/IopGYoxyt6hC2Uk82KPIESfVeISOVlLNGHFyjPDA6MAkGA1UdEwQCMAAwLQYD
VR0RBCYwJIIRbWFpbC5leGFtcGxlLnRlc3SCCWxvY2FsaG9zdIcEfwAAATAKBggq
hkjOPQQDAgNJADBGAiEA/5RC4BAoFW5AqqP4hFK4/hnZCswdC1JRzc/HO5+puyoC
IQCIgrA2a+Ee8KMzDjGzAQHksMo5YwI7abCOrFjfJ78ROw==
-----END CERTIFICATE-----
`

export const TEST_KEY: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSywk/s7739EzjxuO
wPvL6uOQOrTw1JAP9oAgtRJY4pyhRANCAARKjA0lNASgYK21MZIDDTaY53/kbRR/
q1js9Xf83WSys7biSoLPyKKRmKMcreoQtlJPNijyBEn1XiEjlZSzRhxc
-----END PRIVATE KEY-----
`

// A certificate for localhost and 127.0.0.1 that signs itself, made for one run of the tests.

export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

export async function makeCertificate(): Promise<TestCertificate> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 86_400_000),
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}

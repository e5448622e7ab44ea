// A signed message and the DNS of its sender.
import { generateKeyPairSync } from 'node:crypto'
import { dkimSign } from 'email-server/trust'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')

/** Of the client on this machine, in the format of `Zones`. */
export const ZONE: string = `
  a.example                TXT  "v=spf1 ip4:127.0.0.1 -all"
  _dmarc.a.example         TXT  "v=DMARC1; p=reject"
  s._domainkey.a.example   TXT  "v=DKIM1; p=${key}"
  127.0.0.1                PTR  client.example
  client.example           A    127.0.0.1
`

/** `onWire` with a signature in front; dots stuffed, the final dot included. */
export async function signedMessage(onWire: Buffer): Promise<Buffer> {
  const message = Buffer.from(
    onWire
      .toString('latin1')
      .replace(/\r\n\.\r\n$/, '\r\n')
      .replace(/^\./gm, ''),
    'latin1',
  )
  const keys = [{ domain: 'a.example', selector: 's', privateKey }]
  return Buffer.concat([Buffer.from(await dkimSign(message, { keys, now: Date.now() })), onWire])
}

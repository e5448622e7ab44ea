// Dovecot's POP3 and IMAP servers on free ports, as Debian packages it (and as root, which it wants to be), with one mailbox.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TEST_CERT, TEST_KEY } from './certificate.ts'
import { freePort, listening } from './ports.ts'

export interface Dovecot extends AsyncDisposable {
  readonly pop3: number
  readonly pop3s: number
  readonly imap: number
  readonly imaps: number
}

export async function startDovecot(
  user: string,
  password: string,
  messages: readonly Uint8Array[],
): Promise<Dovecot> {
  const folder = mkdtempSync(join(tmpdir(), 'email-server-dovecot-'))
  const maildir = join(folder, 'mail')
  for (const place of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, place), { recursive: true })
  for (const [i, raw] of messages.entries()) {
    writeFileSync(join(maildir, 'cur', `${1_700_000_000 + i}.${i}.test:2,`), raw)
  }
  writeFileSync(join(folder, 'users'), `${user}:{PLAIN}${password}\n`)
  writeFileSync(join(folder, 'cert.pem'), TEST_CERT)
  writeFileSync(join(folder, 'key.pem'), TEST_KEY)
  execFileSync('chown', ['-R', 'mail:mail', folder])
  // its parts run as users of their own
  chmodSync(folder, 0o755)
  const [pop3, pop3s] = [await freePort(), await freePort()]
  const [imap, imaps] = [await freePort(), await freePort()]
  const config = [
    `base_dir = ${folder}/run`,
    `state_dir = ${folder}/run`,
    `log_path = ${folder}/log`,
    'protocols = pop3 imap',
    // folders with a use, as mail programs expect them; quotas that clients can see
    'namespace inbox {\n inbox = yes\n separator = /\n mailbox Trash {\n auto = create\n special_use = \\Trash\n }\n mailbox Sent {\n auto = create\n special_use = \\Sent\n }\n}',
    'protocol imap {\n mail_plugins = quota imap_quota\n imap_metadata = yes\n}',
    `mail_attribute_dict = file:${folder}/attributes`,
    'plugin {\n quota = count:User quota\n quota_rule = *:storage=100M\n quota_vsizes = yes\n}',
    'listen = 127.0.0.1',
    `mail_location = maildir:${maildir}`,
    'mail_uid = mail\nmail_gid = mail\nfirst_valid_uid = 1\nfirst_valid_gid = 1',
    'auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256',
    `ssl = yes\nssl_cert = <${folder}/cert.pem\nssl_key = <${folder}/key.pem`,
    `passdb {\n driver = passwd-file\n args = ${folder}/users\n}`,
    `userdb {\n driver = static\n args = uid=mail gid=mail home=${folder}\n}`,
    // failures are not slowed down: wrong passwords are part of the test
    'auth_failure_delay = 0',
    'service anvil {\n unix_listener anvil-auth-penalty {\n mode = 0\n }\n}',
    `service pop3-login {\n service_count = 0\n inet_listener pop3 {\n port = ${pop3}\n }\n inet_listener pop3s {\n port = ${pop3s}\n ssl = yes\n }\n}`,
    `service imap-login {\n service_count = 0\n inet_listener imap {\n port = ${imap}\n }\n inet_listener imaps {\n port = ${imaps}\n ssl = yes\n }\n}`,
  ]
  writeFileSync(join(folder, 'dovecot.conf'), `${config.join('\n')}\n`)
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
  }
  try {
    await listening(pop3, child, () => readFileSync(join(folder, 'log'), 'utf8'))
  } catch (error) {
    await stop()
    throw error
  }
  return { pop3, pop3s, imap, imaps, [Symbol.asyncDispose]: stop }
}

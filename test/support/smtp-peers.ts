// Other people's mail servers, each as a process of its own with a home of its own, that take mail and keep what they took.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { temporaryFolder } from './host.ts'
import { freePort, listening } from './ports.ts'
import { run } from './programs.ts'

export interface Peer extends AsyncDisposable {
  readonly port: number
  /** The messages that it has kept, in no order. */
  kept(): Promise<Buffer[]>
  /** Waits until so many are kept; ten seconds at most. */
  keeps(count: number): Promise<Buffer[]>
}

async function start(
  program: string,
  args: readonly string[],
  port: number,
  kept: () => Promise<Buffer[]>,
  tidy: () => Promise<void>,
): Promise<Peer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk))
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(timer)
    }
    await tidy()
  }
  try {
    await listening(port, child, () => log)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    kept,
    async keeps(count) {
      for (let i = 0; i < 200; i++) {
        const messages = await kept()
        if (messages.length >= count) return messages
        await wait(50)
      }
      throw new Error(`only ${(await kept()).length} of ${count} messages are kept: ${log}`)
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function filesOf(folder: string): Promise<Buffer[]> {
  if (!existsSync(folder)) return []
  const found: Buffer[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await filesOf(path)))
    else found.push(await readFile(path))
  }
  return found
}

const AIOSMTPD = `
import sys, base64, ssl, signal, os
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from aiosmtpd.lmtp import LMTP
folder, port, mode, cert, key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
class Handler:
    count = 0
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('nobody'): return '550 5.1.1 No such user'
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 OK'
    async def handle_DATA(self, server, session, envelope):
        Handler.count += 1
        with open(os.path.join(folder, '%d.eml' % Handler.count), 'wb') as f: f.write(envelope.original_content)
        return '250 2.0.0 OK %d' % Handler.count
def login(server, session, envelope, mechanism, data):
    ok = isinstance(data, LoginPassword) and data.login == b'alice' and data.password == b'secret'
    return AuthResult(success=ok, handled=ok)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
class Mine(Controller):
    def factory(self):
        kind = LMTP if mode == 'lmtp' else SMTP
        return kind(self.handler, hostname='peer.example', enable_SMTPUTF8=True, tls_context=context if mode == 'smtp' else None,
                    require_starttls=False, authenticator=login, auth_required=False, auth_require_tls=True)
controller = Mine(Handler(), hostname='127.0.0.1', port=port, ready_timeout=20)
controller.start()
signal.sigwait([signal.SIGTERM, signal.SIGINT])
controller.stop()
`

/** Python's aiosmtpd: STARTTLS, AUTH (alice, secret), SMTPUTF8; no PIPELINING. `nobody…` is refused. */
export async function startAiosmtpd(
  mode: 'smtp' | 'lmtp',
  tls: { readonly cert: string; readonly key: string },
): Promise<Peer> {
  const home = await temporaryFolder()
  const [cert, key, mail] = ['cert.pem', 'key.pem', 'mail'].map(name => join(home.path, name)) as [
    string,
    string,
    string,
  ]
  await Promise.all([writeFile(cert, tls.cert), writeFile(key, tls.key), mkdir(mail)])
  const port = await freePort()
  return start(
    '/usr/bin/python3',
    ['-c', AIOSMTPD, mail, String(port), mode, cert, key],
    port,
    () => filesOf(mail),
    async () => {
      await home[Symbol.asyncDispose]()
    },
  )
}

/** Postfix's programs run as root only, and Dovecot's LMTP too. */
export const IS_ROOT: boolean = process.getuid?.() === 0

/** A whole Postfix with a queue of its own: it takes mail for example.test into a Maildir, and nothing else. */
export async function startPostfix(
  tls: { readonly cert: string; readonly key: string },
  more: readonly string[] = [],
): Promise<Peer> {
  const home = await temporaryFolder()
  const port = await freePort()
  const [config, queue, data, mail] = ['config', 'queue', 'data', 'mail'].map(name =>
    join(home.path, name),
  ) as [string, string, string, string]
  await Promise.all([config, queue, data, mail].map(path => mkdir(path)))
  await chmod(home.path, 0o755)
  const { uid, gid } = await userOf('postfix')
  await Promise.all([chown(data, uid, gid), chown(mail, uid, gid)])
  await writeFile(join(config, 'cert.pem'), tls.cert)
  await writeFile(join(config, 'key.pem'), tls.key)
  await writeFile(
    join(config, 'main.cf'),
    [
      'compatibility_level = 3.6',
      `queue_directory = ${queue}`,
      `data_directory = ${data}`,
      'myhostname = peer.example',
      'mydestination =',
      'mynetworks =',
      'inet_interfaces = 127.0.0.1',
      'inet_protocols = ipv4',
      'virtual_mailbox_domains = example.test',
      `virtual_mailbox_base = ${mail}`,
      'virtual_mailbox_maps = inline:{ bob@example.test=bob/, zoe@example.test=zoe/, zoë@example.test=zoe8/ }',
      `virtual_uid_maps = static:${uid}`,
      `virtual_gid_maps = static:${gid}`,
      'virtual_minimum_uid = 1',
      'alias_maps =',
      'smtpd_recipient_restrictions = reject_unauth_destination',
      'smtpd_relay_restrictions = reject_unauth_destination',
      `smtpd_tls_cert_file = ${config}/cert.pem`,
      `smtpd_tls_key_file = ${config}/key.pem`,
      'smtpd_tls_security_level = may',
      'smtpd_delay_reject = no',
      'smtputf8_enable = yes',
      'message_size_limit = 1000000',
      'default_privs = nobody',
      ...more,
      '',
    ].join('\n'),
  )
  const services = [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'virtual unix - n n - - virtual',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'proxymap unix - - n - - proxymap',
    'anvil unix - - n - 1 anvil',
  ]
  await writeFile(join(config, 'master.cf'), `${services.join('\n')}\n`)
  // makes the folders of the queue; `start-fg` would leave the process that it was started as
  await run('/usr/sbin/postfix', ['-c', config, 'check'])
  return start(
    '/usr/lib/postfix/sbin/master',
    ['-c', config, '-d'],
    port,
    () => filesOf(mail),
    async () => {
      // its children need a moment to see that the master is gone
      await wait(200)
      await home[Symbol.asyncDispose]()
    },
  )
}

/** Dovecot as an LMTP server for bob and zoe at example.test. */
export async function startDovecotLmtp(): Promise<Peer> {
  const home = await temporaryFolder()
  const port = await freePort()
  const mail = join(home.path, 'mail')
  await mkdir(mail)
  await chmod(home.path, 0o755)
  const { uid, gid } = await userOf('mail')
  await chown(mail, uid, gid)
  const users = join(home.path, 'users')
  await writeFile(
    users,
    ['bob', 'zoe'].map(name => `${name}@example.test:{PLAIN}x::::${mail}/${name}\n`).join(''),
  )
  const config = [
    `base_dir = ${home.path}/run`,
    `state_dir = ${home.path}/run`,
    `log_path = ${home.path}/log`,
    'protocols = lmtp',
    'listen = 127.0.0.1',
    'mail_location = maildir:~/Maildir',
    `mail_uid = ${uid}`,
    `mail_gid = ${gid}`,
    'first_valid_uid = 1',
    'first_valid_gid = 1',
    'ssl = no',
    `passdb {\n driver = passwd-file\n args = ${users}\n}`,
    `userdb {\n driver = passwd-file\n args = ${users}\n}`,
    `service lmtp {\n inet_listener lmtp {\n address = 127.0.0.1\n port = ${port}\n }\n}`,
    'hostname = peer.example',
    'postmaster_address = postmaster@example.test',
  ]
  await writeFile(join(home.path, 'dovecot.conf'), `${config.join('\n')}\n`)
  const isMail = (path: string): boolean => /\/(new|cur)\//.test(path)
  return start(
    '/usr/sbin/dovecot',
    ['-F', '-c', join(home.path, 'dovecot.conf')],
    port,
    async () => {
      const paths = (await readdir(mail, { recursive: true })).map(path => join(mail, path)).filter(isMail)
      return Promise.all(paths.map(path => readFile(path)))
    },
    async () => {
      await home[Symbol.asyncDispose]()
    },
  )
}

async function userOf(name: string): Promise<{ uid: number; gid: number }> {
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [user, , uid, gid] = line.split(':')
    if (user === name) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`there is no user ${name}`)
}

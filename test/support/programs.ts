// Other people's mail programs, run as their users run them, each with a home of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PASSWORD, temporaryFolder } from './host.ts'

/** How a client comes to a listener: in clear, by STARTTLS or STLS, or TLS from the first byte. */
export type Security = 'clear' | 'starttls' | 'tls'

export interface Account {
  readonly port: number
  readonly user: string
  readonly security: Security
}

/** Runs a program to its end; rejects with what it printed when it ends with anything but 0. Two minutes at most. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly input?: Buffer; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Buffer> {
  const child = spawn(program, args, { env: { ...process.env, ...options.env }, timeout: 120_000 })
  const out: Buffer[] = []
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  const [code, signal] = await once(child, 'close')
  const stdout = Buffer.concat(out)
  if (code !== 0) {
    throw new Error(`${program} ended with ${code ?? signal}: ${errors}${stdout.subarray(0, 2000)}`)
  }
  return stdout
}

export async function curlSends(account: Account | { port: number }, raw: Buffer, to: string): Promise<void> {
  const user = 'user' in account ? account.user : null
  await run(
    'curl',
    [
      ...curlArguments(account),
      ...['--url', `${scheme('smtp', account)}://127.0.0.1:${account.port}/client.example`],
      ...['--mail-from', user ?? 'alice@sender.example', '--mail-rcpt', to, '--upload-file', '-'],
    ],
    { input: raw },
  )
}

export async function curlReadsImap(account: Account): Promise<Buffer[]> {
  const inbox = `${scheme('imap', account)}://127.0.0.1:${account.port}/INBOX`
  const found = await run('curl', [...curlArguments(account), '--url', inbox, '--request', 'UID SEARCH ALL'])
  const uids = found.toString().match(/\d+/g) ?? []
  const messages: Buffer[] = []
  for (const uid of uids) {
    messages.push(await run('curl', [...curlArguments(account), '--url', `${inbox};UID=${uid}`]))
  }
  return messages
}

export async function curlReadsPop3(account: Account): Promise<Buffer[]> {
  const box = `${scheme('pop3', account)}://127.0.0.1:${account.port}`
  const list = await run('curl', [...curlArguments(account), '--url', `${box}/`])
  const messages: Buffer[] = []
  for (const line of list.toString().trimEnd().split(/\r?\n/)) {
    messages.push(await run('curl', [...curlArguments(account), '--url', `${box}/${line.split(' ')[0]}`]))
  }
  return messages
}

function scheme(protocol: string, account: object): string {
  return 'security' in account && account.security === 'tls' ? `${protocol}s` : protocol
}

function curlArguments(account: Account | { port: number }): string[] {
  const args = ['--silent', '--show-error', '--insecure', '--max-time', '60']
  if ('user' in account) args.push('--user', `${account.user}:${PASSWORD}`)
  if ('security' in account && account.security === 'starttls') args.push('--ssl-reqd')
  return args
}

const PYTHON_READERS = {
  imap: `
import base64, imaplib, ssl, sys
port, user, password, security = int(sys.argv[1]), *sys.argv[2:5]
context = ssl._create_unverified_context()
if security == 'tls': box = imaplib.IMAP4_SSL('127.0.0.1', port, ssl_context=context)
else: box = imaplib.IMAP4('127.0.0.1', port)
if security == 'starttls': box.starttls(context)
box.login(user, password)
assert box.select('INBOX', readonly=True)[0] == 'OK'
status, [uids] = box.uid('SEARCH', None, 'ALL')
for uid in uids.split():
    status, data = box.uid('FETCH', uid, '(BODY.PEEK[])')
    assert status == 'OK'
    print(base64.b64encode(data[0][1]).decode())
box.close()
box.logout()
`,
  pop3: `
import base64, poplib, ssl, sys
port, user, password, security = int(sys.argv[1]), *sys.argv[2:5]
context = ssl._create_unverified_context()
if security == 'tls': box = poplib.POP3_SSL('127.0.0.1', port, context=context)
else: box = poplib.POP3('127.0.0.1', port)
if security == 'starttls': box.stls(context)
box.user(user)
box.pass_(password)
count, size = box.stat()
listed = [int(line.split()[1]) for line in box.list()[1]]
assert len(listed) == count and sum(listed) == size
assert len(set(line.split()[1] for line in box.uidl()[1])) == count
for i in range(count):
    raw = b''.join(line + b'\\r\\n' for line in box.retr(i + 1)[1])
    head = b''.join(line + b'\\r\\n' for line in box.top(i + 1, 0)[1])
    assert raw.startswith(head) and head.endswith(b'\\r\\n\\r\\n')
    assert listed[i] in (len(raw), len(raw) - 2), (listed[i], len(raw))
    print(base64.b64encode(raw).decode())
box.quit()
`,
}

/** Python's imaplib or poplib. */
export async function pythonReads(protocol: 'imap' | 'pop3', account: Account): Promise<Buffer[]> {
  const { port, user, security } = account
  const args = ['-c', PYTHON_READERS[protocol], String(port), user, PASSWORD, security]
  const printed = (await run('python3', args)).toString('latin1')
  return printed
    .split('\n')
    .filter(line => line !== '')
    .map(line => Buffer.from(line, 'base64'))
}

/** A Maildir that mbsync keeps in step with an account, both ways. Its files have lines that end in LF. */
export interface Mbsync extends AsyncDisposable {
  /** Brings both sides in step; what mbsync says of it. */
  sync(): Promise<string>
  /** The messages of a folder, by file name, with CRLF, without the mark (X-TUID) that mbsync finds its copies by. */
  messages(folder?: string): Promise<Map<string, Buffer>>
  readonly maildir: string
}

export async function mbsync(account: Account): Promise<Mbsync> {
  const home = await temporaryFolder()
  const maildir = join(home.path, 'mail')
  await mkdir(maildir)
  const tls = { clear: 'None', starttls: 'STARTTLS', tls: 'IMAPS' }[account.security]
  const certificate = join(home.path, 'certificate.pem')
  if (account.security !== 'clear') await writeFile(certificate, await certificateOf(account))
  const config = join(home.path, 'mbsyncrc')
  await writeFile(
    config,
    [
      'IMAPAccount server',
      'Host localhost', // the name that the certificate is for
      `Port ${account.port}`,
      `User ${account.user}`,
      `Pass ${PASSWORD}`,
      `SSLType ${tls}`,
      ...(account.security === 'clear' ? ['AuthMechs *'] : [`CertificateFile ${certificate}`]),
      '',
      'IMAPStore far',
      'Account server',
      '',
      'MaildirStore near',
      `Path ${maildir}/`,
      `Inbox ${maildir}/INBOX`,
      'SubFolders Verbatim',
      '',
      'Channel all',
      'Far :far:',
      'Near :near:',
      'Patterns *',
      'Create Both',
      'Expunge Both',
      'Sync All',
      `SyncState ${home.path}/state-`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  return {
    maildir,
    async sync() {
      return (
        await run('mbsync', ['--config', config, '--all', '--verbose'], { env: { HOME: home.path } })
      ).toString()
    },
    async messages(folder = 'INBOX') {
      const found = new Map<string, Buffer>()
      for (const place of ['new', 'cur']) {
        for (const name of await readdir(join(maildir, folder, place))) {
          const raw = withCrlf(await readFile(join(maildir, folder, place, name))).toString('latin1')
          found.set(`${place}/${name}`, Buffer.from(raw.replace(/^X-TUID: .{12}\r\n/m, ''), 'latin1'))
        }
      }
      return found
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

/** fetchmail takes everything from a POP3 or IMAP account and leaves it there. */
export async function fetchmailReads(protocol: 'pop3' | 'imap', account: Account): Promise<Buffer[]> {
  await using home = await temporaryFolder()
  const inbox = join(home.path, 'inbox')
  await mkdir(inbox)
  const deliver = join(home.path, 'deliver')
  await writeFile(deliver, `#!/bin/sh\nexec cat > "${inbox}/$$"\n`, { mode: 0o700 })
  const tls = {
    clear: 'sslproto ""',
    starttls: 'sslproto "auto" no sslcertck',
    tls: 'ssl no sslcertck',
  }[account.security]
  const config = join(home.path, 'fetchmailrc')
  await writeFile(
    config,
    [
      'set no syslog',
      'set invisible',
      `poll 127.0.0.1 protocol ${protocol} port ${account.port} auth password`,
      `  user "${account.user}" password "${PASSWORD}" ${tls}`,
      `  keep fetchall no rewrite no mimedecode pass8bits mda "${deliver}"`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  const env = { FETCHMAILHOME: home.path, HOME: home.path }
  const args = ['--fetchmailrc', config, '--nodetach', '--pidfile', join(home.path, 'pid'), '--timeout', '60']
  await run('fetchmail', args, { env })
  const names = (await readdir(inbox)).sort((a, b) => Number(a) - Number(b))
  return Promise.all(names.map(async name => withCrlf(await readFile(join(inbox, name)))))
}

/** getmail takes everything from a POP3 account. */
export async function getmailReads({ port, user, security }: Account): Promise<Buffer[]> {
  await using home = await temporaryFolder()
  const inbox = join(home.path, 'inbox')
  await mkdir(inbox)
  const deliver = join(home.path, 'deliver')
  await writeFile(deliver, `#!/bin/sh\nexec cat > "${inbox}/$$"\n`, { mode: 0o700 })
  const retriever = security === 'tls' ? 'SimplePOP3SSLRetriever' : 'SimplePOP3Retriever'
  await writeFile(
    join(home.path, 'getmailrc'),
    [
      '[retriever]',
      `type = ${retriever}`,
      'server = 127.0.0.1',
      `port = ${port}`,
      `username = ${user}`,
      `password = ${PASSWORD}`,
      '[destination]',
      'type = MDA_external',
      `path = ${deliver}`,
      // tests may run as root, which getmail does not like
      'allow_root_commands = true',
      '[options]',
      'delivered_to = false',
      'received = false',
      'read_all = true',
      '',
    ].join('\n'),
  )
  await run('getmail', ['--getmaildir', home.path, '--rcfile', 'getmailrc'], { env: { HOME: home.path } })
  return Promise.all((await readdir(inbox)).map(async name => withCrlf(await readFile(join(inbox, name)))))
}

/** mpop takes everything from a POP3 account into a Maildir, by the mechanism that it is told. */
export async function mpopReads({ port, user, security }: Account, auth: string): Promise<Buffer[]> {
  await using home = await temporaryFolder()
  const maildir = join(home.path, 'mail')
  for (const place of ['cur', 'new', 'tmp']) await mkdir(join(maildir, place), { recursive: true })
  const config = join(home.path, 'mpoprc')
  await writeFile(
    config,
    [
      'account default',
      'host 127.0.0.1',
      `port ${port}`,
      `user ${user}`,
      `password ${PASSWORD}`,
      `auth ${auth}`,
      `tls ${security === 'clear' ? 'off' : 'on'}`,
      `tls_starttls ${security === 'starttls' ? 'on' : 'off'}`,
      'tls_certcheck off',
      'keep on',
      `uidls_file ${home.path}/uidls`,
      `delivery maildir ${maildir}`,
      'received_header off',
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  await run('mpop', ['--file', config], { env: { HOME: home.path } })
  return maildirMessages(maildir)
}

/** With CRLF again, which a Maildir has not. */
async function maildirMessages(maildir: string): Promise<Buffer[]> {
  const names = await readdir(join(maildir, 'new'))
  return Promise.all(names.map(async name => withCrlf(await readFile(join(maildir, 'new', name)))))
}

/** The certificate that the listener shows, as PEM. */
async function certificateOf({ port, security }: Account): Promise<Buffer> {
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-showcerts']
  if (security === 'starttls') args.push('-starttls', 'imap')
  const shown = (await run('openssl', args)).toString()
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/.exec(shown)?.[0]
  if (!pem) throw new Error(`no certificate: ${shown}`)
  return Buffer.from(pem)
}

function withCrlf(raw: Buffer): Buffer {
  return Buffer.from(raw.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
}

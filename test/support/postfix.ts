// A Postfix of our own, on loopback, with a configuration and a queue in a temporary folder: what it is given by SMTP it
// relays to one next hop. Its master has to be root's; who is not gets null.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './host.ts'
import { freePort } from './ports.ts'

export interface Postfix extends AsyncDisposable {
  /** Takes mail from loopback for anybody. */
  readonly port: number
  /** What it has logged. */
  log(): Promise<string>
}

const PROGRAM = '/usr/sbin/postfix'

const SERVICES = [
  'rewrite trivial-rewrite',
  'cleanup',
  'bounce',
  'defer bounce',
  'trace bounce',
  'smtp',
  'lmtp',
  'error',
  'retry error',
]

/** @param nextHop as Postfix writes it: `lmtp:inet:127.0.0.1:2424`, `smtp:[127.0.0.1]:2525` */
export async function startPostfix(
  nextHop: string,
  settings: readonly string[] = [],
): Promise<Postfix | null> {
  if (process.getuid?.() !== 0 || !(await exists(PROGRAM))) return null
  const folder = await temporaryFolder()
  const [config, queue, data] = ['config', 'queue', 'data'].map(name => join(folder.path, name)) as [
    string,
    string,
    string,
  ]
  // the daemons run as the user postfix and must reach their folders
  execFileSync('chmod', ['755', folder.path])
  for (const path of [config, queue, data]) await mkdir(path)
  execFileSync('chown', ['postfix', data])
  const port = await freePort()
  const logFile = join(folder.path, 'log')
  await writeFile(
    join(config, 'main.cf'),
    [
      'compatibility_level = 3.6',
      `queue_directory = ${queue}`,
      `data_directory = ${data}`,
      `maillog_file = ${logFile}`,
      `maillog_file_prefixes = ${folder.path}`,
      'inet_interfaces = 127.0.0.1',
      'inet_protocols = ipv4',
      'myhostname = queue.example.test',
      'mydestination =',
      'alias_maps =',
      'alias_database =',
      'local_recipient_maps =',
      'mynetworks = 127.0.0.0/8',
      'smtpd_relay_restrictions = permit_mynetworks, reject',
      `default_transport = ${nextHop}`,
      'relayhost =',
      'smtp_tls_security_level = none',
      'lmtp_tls_security_level = none',
      'disable_dns_lookups = yes',
      'smtp_host_lookup = native',
      ...settings,
      '',
    ].join('\n'),
  )
  await writeFile(
    join(config, 'master.cf'),
    [
      `127.0.0.1:${port} inet n - n - - smtpd`,
      'postlog unix-dgram n - n - 1 postlogd',
      'qmgr unix n - n 300 1 qmgr',
      ...SERVICES.map(service => {
        const [name, program = name] = service.split(' ')
        const visibility = name === 'cleanup' ? 'n' : '-'
        return `${name} unix ${visibility} - n - 0 ${program}`
      }),
      '',
    ].join('\n'),
  )
  const control = async (command: string): Promise<void> => {
    const child = spawn(PROGRAM, ['-c', config, command], { stdio: 'ignore' })
    await once(child, 'exit')
  }
  await control('start')
  return {
    port,
    log: () => readFile(logFile, 'utf8').catch(() => ''),
    async [Symbol.asyncDispose]() {
      await control('stop')
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

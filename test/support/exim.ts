// Exim as a client: it hands one message to an SMTP server and goes. Debian's Exim and Postfix put each other out, so `.ci/run` only unpacks
// it; the user that it was built to run as is lent to it by nss_wrapper. It has to be root's to start; who is not gets null.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './host.ts'
import { run } from './programs.ts'

// from build/test/support
const UNPACKED = fileURLToPath(new URL('../../../.ci/peers/exim4/usr/sbin/exim4', import.meta.url))
const PROGRAM = existsSync(UNPACKED) ? UNPACKED : '/usr/sbin/exim4'

export interface EximOptions {
  /** Of the server on loopback. */
  readonly port: number
  readonly from: string
  readonly to: readonly string[]
  /** Further options of Exim's `smtp` transport. */
  readonly transport?: readonly string[]
}

/** What Exim has logged of it. Rejects when the program is not there. */
export async function eximSends(raw: Buffer, options: EximOptions): Promise<string | null> {
  if (process.getuid?.() !== 0) return null
  await using folder = await temporaryFolder()
  const spool = join(folder.path, 'spool')
  await mkdir(spool)
  execFileSync('chmod', ['755', folder.path])
  execFileSync('chown', ['mail', spool])
  const [config, users, groups] = ['exim.conf', 'passwd', 'group'].map(name => join(folder.path, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(
    users,
    `${await readFile('/etc/passwd', 'utf8')}Debian-exim:x:65533:65533::/nonexistent:/bin/false\n`,
  )
  await writeFile(groups, `${await readFile('/etc/group', 'utf8')}Debian-exim:x:65533:\n`)
  await writeFile(
    config,
    [
      'primary_hostname = exim.example.test',
      `exim_path = ${PROGRAM}`,
      `spool_directory = ${spool}`,
      `log_file_path = ${folder.path}/spool/%slog`,
      'exim_user = mail',
      'exim_group = mail',
      'never_users =',
      'keep_environment =',
      'tls_advertise_hosts =',
      'begin routers',
      'all:',
      '  driver = manualroute',
      '  route_list = * 127.0.0.1 byname',
      '  self = send',
      '  transport = remote',
      'begin transports',
      'remote:',
      '  driver = smtp',
      `  port = ${options.port}`,
      '  allow_localhost',
      '  hosts_avoid_tls = *',
      ...(options.transport ?? []).map(line => `  ${line}`),
      '',
    ].join('\n'),
  )
  const env = {
    LD_PRELOAD: 'libnss_wrapper.so',
    NSS_WRAPPER_PASSWD: users,
    NSS_WRAPPER_GROUP: groups,
  }
  // queued first, then delivered by name: Exim would else start itself anew, without what was lent to it
  await run(PROGRAM, ['-C', config, '-odq', '-oi', '-f', options.from, ...options.to], { input: raw, env })
  const queued = (await readdir(join(spool, 'input'))).filter(name => name.endsWith('-H'))
  await run(PROGRAM, ['-C', config, '-M', ...queued.map(name => name.slice(0, -2))], { env })
  return readFile(join(spool, 'mainlog'), 'utf8')
}

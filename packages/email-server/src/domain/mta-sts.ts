// MTA-STS as a domain publishes it: the policy, its record, the handler that serves it (RFC 8461 §3).
import { hostMatches } from '../address/index.ts'
import { createHash } from '../base/crypto.ts'
import { MailError, optionError } from '../base/errors.ts'
import { listOption, nameOption, objectOption } from './check-options.ts'
import { type HttpHandler, passOn, requestHost, requestPath, respond } from './http.ts'

export interface MtaStsOptions {
  /** What senders do when they reach no host of `mx` with a valid certificate: not deliver, or only report. Default `testing`. */
  readonly mode?: 'enforce' | 'testing' | 'none'
  /** Hosts that may take mail; `*.example.com` is any one label before it. Default: those of `mx`. */
  readonly mx?: string | readonly string[]
  /** How long senders keep the policy, s; 0 to 31,557,600. Default 604,800: a week. */
  readonly maxAgeSeconds?: number
  /** Changes whenever the policy does: 1 to 32 letters and digits. Default: made from the policy. */
  readonly id?: string
  /** The web server of `mta-sts.<domain>`. Default: the first host of `mx`. */
  readonly host?: string
}

export interface MtaStsMaterial {
  readonly mode: 'enforce' | 'testing' | 'none'
  readonly mx: readonly string[]
  readonly maxAgeSeconds: number
  /** The policy file, with CRLF line ends. */
  readonly policy: string
  /** `https://mta-sts.example.com/.well-known/mta-sts.txt` */
  readonly policyUrl: string
  readonly id: string
  /** `_mta-sts.example.com` */
  readonly dnsName: string
  /** `v=STSv1; id=…;` */
  readonly dnsValue: string
  /** Serves the policy: GET and HEAD of its address on its host, all else is a 404. Give it to `https.createServer`, with a certificate for the host. */
  readonly serve: HttpHandler
}

const KNOWN = ['mode', 'mx', 'maxAgeSeconds', 'id', 'host'] as const
const WEEK = 604_800
/** RFC 8461 §3.2 */
const LONGEST_AGE = 31_557_600
const PATH = '/.well-known/mta-sts.txt'

/** The hosts of a policy's options; they are those of the domain's MX records when nothing else names them. */
export function policyHosts(options: MtaStsOptions | undefined): string[] {
  return options?.mx === undefined ? [] : listOption(options.mx, 'mtaSts.mx', patternOption)
}

/** `mxHosts`: the hosts that take mail. Throws ECONFIG that names the option. */
export function buildMtaSts(
  domain: string,
  options: MtaStsOptions,
  mxHosts: readonly string[],
): MtaStsMaterial {
  const {
    mode = 'testing',
    maxAgeSeconds = WEEK,
    id,
  } = objectOption(options, 'mtaSts', KNOWN) as MtaStsOptions
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') {
    throw optionError('mtaSts.mode', "'enforce', 'testing' or 'none'", mode)
  }
  if (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 0 || maxAgeSeconds > LONGEST_AGE) {
    throw optionError('mtaSts.maxAgeSeconds', `a whole number from 0 to ${LONGEST_AGE}`, maxAgeSeconds)
  }
  if (id !== undefined && (typeof id !== 'string' || !/^[A-Za-z0-9]{1,32}$/.test(id))) {
    throw optionError('mtaSts.id', '1 to 32 letters and digits', id)
  }
  const given = policyHosts(options)
  const mx = given.length > 0 ? given : [...mxHosts]
  const left = mode === 'none' ? undefined : mxHosts.find(host => !hostMatches(mx, host))
  if (left !== undefined) {
    throw new MailError('ECONFIG', `option mtaSts.mx must allow ${left}, which takes mail for ${domain}`)
  }
  const lines = [
    'version: STSv1',
    `mode: ${mode}`,
    ...mx.map(host => `mx: ${host}`),
    `max_age: ${maxAgeSeconds}`,
  ]
  const policy = lines.map(line => `${line}\r\n`).join('')
  const name = id ?? createHash('sha256').update(policy).digest('hex').slice(0, 20)
  const host = `mta-sts.${domain}`
  return {
    ...{ mode, mx, maxAgeSeconds, policy, id: name },
    policyUrl: `https://${host}${PATH}`,
    dnsName: `_mta-sts.${domain}`,
    dnsValue: `v=STSv1; id=${name};`,
    serve(request, response, next) {
      const { method } = request
      const isOurs = requestHost(request) === host && requestPath(request) === PATH
      if (!isOurs || (method !== 'GET' && method !== 'HEAD')) return passOn(response, next)
      respond(response, 'text/plain; charset=utf-8', policy, { headOnly: method === 'HEAD' })
    },
  }
}

function patternOption(value: unknown, path: string): string {
  const wild = typeof value === 'string' && value.startsWith('*.')
  const name = nameOption(wild ? value.slice(2) : value, path)
  return wild ? `*.${name}` : name
}

// What a mail domain publishes, and the world in which that is looked up.
import type { Runtime } from '../base/runtime.ts'
import type { DkimKeyMaterial } from './keys.ts'
import type { MtaStsMaterial } from './mta-sts.ts'
import type { TlsRptMaterial } from './tls-rpt.ts'

export interface MxHost {
  readonly host: string
  /** The lower, the earlier it is tried. Default 10, 20, 30, … in the order given. */
  readonly priority?: number
}

export interface PublishedDomain {
  /** As A-labels. */
  readonly domain: string
  /** All keys; the first is the one that signs where one is asked for. */
  readonly dkimKeys: readonly DkimKeyMaterial[]
  readonly policy: { readonly spfTxt: string; readonly dmarcTxt: string }
  readonly mx: readonly Required<MxHost>[]
  /** Null without the option of that name. */
  readonly mtaSts: MtaStsMaterial | null
  readonly tlsRpt: TlsRptMaterial | null
}

export type DomainWorld = Pick<Runtime, 'now' | 'setTimer' | 'resolve' | 'fetch'>

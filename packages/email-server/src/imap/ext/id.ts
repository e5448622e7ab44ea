// ID (RFC 2971): who the client is, and who we are: a name, and no version to choose an attack by.

import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { ANY_STATE } from '../state.ts'

/** Field names and values; null for a value that is not told. */
export type IdFields = readonly (readonly [field: string, value: string | null])[]

const MOST_FIELDS = 30

// id = "ID" SP id_params_list        id_params_list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil
const args: Grammar<IdFields | null> = {
  read(r) {
    r.sp()
    if (r.tryKeyword('NIL')) return null
    const fields: [string, string | null][] = []
    r.open()
    if (r.peek() !== 0x29) {
      do {
        const name = r.string()
        fields.push([name, r.sp().nstring()])
        if (fields.length > MOST_FIELDS) r.fail('fewer fields')
      } while (r.try(' '))
    }
    r.close()
    return fields
  },
  write(w, fields) {
    if (fields === null) w.raw(' NIL')
    else w.raw(' ').list(fields, ([name, value]) => w.string(name).raw(' ').nstring(value))
  },
  samples: [
    null,
    [],
    [
      ['name', 'sodr'],
      ['version', '19.34'],
      ['vendor', 'Pink Floyd Music Limited'],
      ['os', null],
    ],
  ],
}

const command: CommandSpec<IdFields | null> = {
  name: 'ID',
  rfc: '2971 §3.1',
  states: ANY_STATE,
  mayExpunge: true,
  literals: 'small',
  args,
  run(cx) {
    cx.out.raw('* ID ("name" "email-server")').end()
    return undefined
  },
}

export const id: Extension = {
  name: 'ID',
  rfc: '2971',
  gate: { kind: 'free' },
  capabilities: () => ['ID'],
  commands: [command],
}

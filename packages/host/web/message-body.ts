// A message as text, as its source, as its parts and as its header.
import type { MessageView, PartView } from '../src/web/api-types.ts'
import { api, messagePath } from './api.ts'
import { type Child, fill, h, icon, unseen } from './dom.ts'
import { octets } from './format.ts'

export function text(message: MessageView): Child[] {
  if (message.text === '') return [h('p', { class: 'note' }, 'The message has no text.')]
  return [
    h('pre', { class: 'text' }, message.text),
    message.textIsCut && h('p', { class: 'note' }, 'The rest is in the source.'),
  ]
}

/** Longest source that is put into the page, characters. */
const LONGEST_SOURCE = 400_000

export async function source(message: MessageView, body: HTMLElement): Promise<void> {
  fill(body)
  try {
    const whole = await api.source(message)
    if (body.dataset['tab'] !== 'source') return
    const shown = whole.slice(0, LONGEST_SOURCE)
    const end = /\r?\n\r?\n/.exec(shown)
    const headerEnd = end ? end.index : shown.length
    fill(
      body,
      h(
        'pre',
        { class: 'source' },
        h('span', { class: 'head' }, shown.slice(0, headerEnd)),
        shown.slice(headerEnd),
      ),
      whole.length > LONGEST_SOURCE &&
        h('p', { class: 'note' }, 'The rest is in the file that can be downloaded above.'),
    )
  } catch (error) {
    fill(body, h('p', { class: 'note' }, (error as Error).message))
  }
}

export function parts(message: MessageView): HTMLElement {
  return h('ul', { class: 'parts' }, ...message.parts.map(part => partRow(message, part)))
}

function partRow(message: MessageView, part: PartView): HTMLElement {
  const { id, depth, contentType, filename, disposition, contentId, size, isLeaf, isPicture } = part
  const path = `${messagePath(message)}/parts/${id}`
  const facts = [contentType, disposition, contentId, octets(size)].filter(fact => fact !== null)
  const row = h(
    'li',
    {},
    isPicture
      ? h('img', { src: `${path}?inline`, alt: '', loading: 'lazy' })
      : h('span', { class: 'kind', 'aria-hidden': 'true' }, kindOf(part)),
    h(
      'div',
      {},
      h('b', {}, filename ?? contentType),
      h('small', {}, `${id} · ${facts.slice(filename === null ? 1 : 0).join(' · ')}`),
    ),
    isLeaf &&
      h(
        'a',
        { class: 'button', href: path, download: '' },
        icon('download'),
        h('span', {}, 'Download'),
        unseen(` ${filename ?? `part ${id}`}`),
      ),
  )
  row.style.setProperty('--level', String(depth))
  return row
}

function kindOf({ contentType, filename }: PartView): string {
  const extension = /\.([A-Za-z0-9]{1,4})$/.exec(filename ?? '')?.[1]
  return (extension ?? contentType.split('/')[1]!.slice(0, 4)).toUpperCase()
}

export function headers({ headers: all }: MessageView): HTMLElement {
  return h(
    'dl',
    { class: 'headers' },
    ...all.map(({ name, value }) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}

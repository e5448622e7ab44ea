// What stands above a message: who, to whom, when, what was found out about the sender, the code and the links.
import type { MessageView, Person } from '../src/web/api-types.ts'
import { announce, type Child, h, icon, unseen } from './dom.ts'
import { hueOf, longTime, octets, shortTime } from './format.ts'
import { nameOf } from './message-list.ts'

const MOST_LINKS_SHOWN = 30

export function envelope(message: MessageView): HTMLElement {
  const name = nameOf(message)
  const face = h('span', { class: 'face', 'aria-hidden': 'true' }, [...name][0]?.toUpperCase() ?? '?')
  face.style.setProperty('--hue', String(hueOf(message.from?.address ?? '')))
  const { from, to, cc, arrived, date, size, returnPath } = message
  const row = (label: string, ...values: readonly Child[]): Child =>
    h('div', {}, h('dt', {}, label), h('dd', {}, ...values))
  return h(
    'div',
    { class: 'envelope' },
    face,
    h(
      'dl',
      {},
      row('From', from ? person(from) : 'nobody'),
      row('To', to.length > 0 ? people(to) : 'nobody'),
      cc.length > 0 && row('Cc', people(cc)),
      returnPath !== null && returnPath !== `<${from?.address}>` && row('Return path', returnPath),
    ),
    h(
      'p',
      { class: 'when' },
      h(
        'time',
        {
          datetime: arrived,
          title: `${longTime(arrived)}${date === null ? '; it says no date' : `; it says ${longTime(date)}`}`,
        },
        shortTime(arrived),
      ),
      h('span', {}, octets(size)),
    ),
  )
}

function person({ name, address }: Person): HTMLElement {
  return h(
    'span',
    { class: 'person', title: address },
    name !== '' && h('b', {}, name),
    name === '' ? h('b', {}, address) : h('span', {}, ` ${address}`),
  )
}

function people(all: readonly Person[]): HTMLElement {
  return h(
    'span',
    { class: 'people' },
    ...all.slice(0, 20).map(person),
    all.length > 20 && `and ${all.length - 20} more`,
  )
}

export function verdicts({ verdicts: all }: MessageView): Child {
  if (all.length === 0) return null
  return h(
    'ul',
    { class: 'verdicts', 'aria-label': 'Authentication' },
    ...all.map(({ method, result, detail, by }) =>
      h(
        'li',
        {
          'data-result':
            result === 'pass' ? 'good' : result === 'none' || result === 'neutral' ? 'none' : 'bad',
          title: `${by} says: ${detail}`,
        },
        h('span', {}, method.toUpperCase()),
        ` ${result}`,
      ),
    ),
  )
}

/** The one-time code and the links: what most tests look for. */
export function findings({ code, links }: MessageView): Child {
  if (code === null && links.length === 0) return null
  return h(
    'div',
    { class: 'findings' },
    code !== null &&
      h(
        'p',
        { class: 'code' },
        h('span', {}, 'Code'),
        h('code', {}, code),
        copyButton('Copy the code', code),
      ),
    links.length > 0 &&
      h(
        'details',
        { class: 'links', open: links.length === 1 },
        h('summary', {}, links.length === 1 ? '1 link' : `${links.length} links`),
        h(
          'ul',
          {},
          ...links
            .slice(0, MOST_LINKS_SHOWN)
            .map(link =>
              h(
                'li',
                {},
                h('a', { href: link, target: '_blank', rel: 'noopener noreferrer nofollow' }, link),
                copyButton('Copy the link', link),
              ),
            ),
          links.length > MOST_LINKS_SHOWN && h('li', {}, `and ${links.length - MOST_LINKS_SHOWN} more`),
        ),
      ),
  )
}

function copyButton(label: string, value: string): HTMLElement {
  const copy = (): void => {
    navigator.clipboard?.writeText(value).then(
      () => announce('Copied'),
      () => announce('Not copied: the browser does not allow it'),
    )
  }
  return h(
    'button',
    { class: 'quiet', type: 'button', title: label, onclick: copy },
    icon('copy'),
    unseen(label),
  )
}

// Elements made in one breath. Whatever comes from a mail becomes text or the value of an attribute that is named here: never markup.
export type Child = Node | string | null | false

type Attributes = Readonly<Record<string, string | number | boolean | null | ((event: Event) => void)>>

/** `h('a', { href, onclick }, 'text')`: names that begin with `on` are listeners; true is an empty attribute; false and null are none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null) element.setAttribute(name, String(value))
  }
  fill(element, ...children)
  return element
}

/** Puts these in the place of what is there. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter(child => child !== null && child !== false))
}

export function byId(id: string): HTMLElement {
  return document.getElementById(id)!
}

const SVG = 'http://www.w3.org/2000/svg'

/** Paths on a grid of 24. */
const ICONS = {
  inbox: 'M3 13h5l1.5 3h5L16 13h5M5.5 5h13L21 13v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-5z',
  sent: 'M21 3 10 14M21 3l-7 18-4-7-7-4z',
  draft: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  junk: 'M12 3 2.5 20h19zM12 10v4M12 17v.01',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  archive: 'M3 5h18v4H3zM5 9v10h14V9M10 13h4',
  folder: 'M3 6h6l2 2h10v11H3z',
  clip: 'M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7L9.4 17a1.7 1.7 0 0 1-2.4-2.4L14.5 7',
  mail: 'M3 6h18v12H3zM3 7l9 7 9-7',
  terminal: 'M3 5h18v14H3zM7 10l3 2.5L7 15M12.5 15H17',
  outbox: 'M3 13h5l1.5 3h5L16 13h5v6H3zM12 12V3M8 7l4-4 4 4',
  bolt: 'M13 2 4 14h7l-1 8 9-12h-7z',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5',
  back: 'M15 5l-7 7 7 7',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  download: 'M12 4v11M7 10l5 5 5-5M4 20h16',
  picture: 'M4 5h16v14H4zM8.5 9v.01M4 17l5-5 4 4 3-3 4 4',
  plus: 'M12 5v14M5 12h14',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  keyboard: 'M3 6h18v12H3zM7 10v.01M11 10v.01M15 10v.01M8 14h8',
} as const

export type IconName = keyof typeof ICONS

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', ICONS[name])
  svg.append(path)
  return svg
}

/** What a screen reader says and nobody sees. */
export function unseen(text: string): HTMLElement {
  return h('span', { class: 'unseen' }, text)
}

/** A button with a picture and a word. */
export function button(
  name: IconName,
  text: string,
  onclick: () => void,
  attributes: Attributes = {},
): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'button', onclick, ...attributes },
    icon(name),
    h('span', {}, text),
  )
}

/** Says something to who listens to a screen reader. */
export function announce(text: string): void {
  byId('live').textContent = text
}

// Address fields as mailparser's users know them: the addresses as values, as text and as HTML.
import type { Address } from '../address/index.ts'
import { escapeHtml } from './text-to-html.ts'

/** An address field: `value` is its addresses, `text` and `html` the same to be shown. */
export class AddressField {
  readonly value: readonly Address[]

  constructor(value: readonly Address[]) {
    this.value = value
  }

  get text(): string {
    return this.value.map(asText).join(', ')
  }

  get html(): string {
    return this.value.map(asHtml).join(', ')
  }

  toJSON(): { value: readonly Address[]; text: string; html: string } {
    return { value: this.value, text: this.text, html: this.html }
  }
}

function asText(one: Address): string {
  const name = one.name === '' ? '' : `"${one.name.replace(/["\\]/g, '\\$&')}"`
  if (one.group !== undefined) return `${name}: ${one.group.map(asText).join(', ')};`
  const address = one.address
  return name === '' ? address : address === '' ? name : `${name} <${address}>`
}

function asHtml(one: Address): string {
  const name = one.name === '' ? '' : escapeHtml(one.name)
  if (one.group !== undefined) {
    const label = `<span class="mp_address_name">${name}: </span>`
    return `<span class="mp_address_group">${label}${one.group.map(asHtml).join(', ')};</span>`
  }
  const label = name === '' ? '' : `<span class="mp_address_name">${name}</span>`
  const address = escapeHtml(one.address)
  const link = address === '' ? '' : `<a href="mailto:${address}" class="mp_address_email">${address}</a>`
  const shown = label === '' ? link : link === '' ? label : `${label} &lt;${link}&gt;`
  return `<span class="mp_address_group">${shown}</span>`
}
